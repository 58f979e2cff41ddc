/**
 * Bundles the compiled workflow code into dist/workflow-bundle.js, so that a worker starts without doing so, and makes the
 * command a program, which npm does only when it links it first.
 */
import { chmod, writeFile } from 'node:fs/promises';
import { URL } from 'node:url';
import { bundleWorkflows } from '../dist/worker/workflow-bundle.js';

await writeFile(new URL('../dist/workflow-bundle.js', import.meta.url), await bundleWorkflows());
await chmod(new URL('../dist/cli/main.js', import.meta.url), 0o755);

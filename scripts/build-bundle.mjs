/** Bundles the compiled workflow code into dist/workflow-bundle.js, so that a worker starts without doing so. */
import { writeFile } from 'node:fs/promises';
import { URL } from 'node:url';
import { bundleWorkflows } from '../dist/worker/workflow-bundle.js';

await writeFile(new URL('../dist/workflow-bundle.js', import.meta.url), await bundleWorkflows());

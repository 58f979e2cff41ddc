import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import type { TestProject } from 'vitest/node';
import { startEmbedded } from '../../src/cli/embedded.js';
import { ensureSearchAttributes } from '../../src/temporal/search-attributes.js';
import { bundleWorkflows } from '../../src/worker/workflow-bundle.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The one dev server of all tests: in memory, namespace `default`, time skipping allowed. */
    temporalAddress: string;
    /** For the worker option `workflowBundle: { codePath }`. */
    workflowBundlePath: string;
  }
}

interface Server {
  address: string;
  stop: () => Promise<void>;
}

/** DISTRI_TEST_TEMPORAL_ADDRESS names a server that runs already; it must allow time skipping. */
async function server(): Promise<Server> {
  const address = process.env['DISTRI_TEST_TEMPORAL_ADDRESS'];
  if (address === undefined) return startEmbedded({ memory: true, ui: false, timeSkipping: true, log: console.log });
  const connection = await Connection.connect({ address });
  await ensureSearchAttributes(connection, 'default');
  return { address, stop: () => connection.close() };
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'distri-test-'));
  const workflowBundlePath = join(folder, 'workflow-bundle.js');
  const { address, stop } = await server();
  const teardown = async (): Promise<void> => {
    await stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await writeFile(workflowBundlePath, await bundleWorkflows());
  } catch (error) {
    await teardown();
    throw error;
  }
  project.provide('temporalAddress', address);
  project.provide('workflowBundlePath', workflowBundlePath);
  return teardown;
}

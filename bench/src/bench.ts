import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, Runtime } from '@temporalio/worker';
import { DistriClient } from 'distri-workflow/client';
import { startEmbedded } from '../../dist/cli/embedded.js';
import { startChild } from './child.js';
import { ownCpuMs, processCpuMs } from './cpu.js';
import type { Bench } from './sides.js';

/** A replay of 5,000 events is to be one of 5,000 events: the server would suggest to continue as new at 4,096. */
const ONE_EXECUTION = 'limit.historyCount.suggestContinueAsNew=20000';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Bundled from its own compiled code before anything is measured, as ours is at build. */
async function bundleTwin(folder: string): Promise<string> {
  const path = join(folder, 'twin-bundle.js');
  const { code } = await bundleWorkflowCode({ workflowsPath: here('twin/workflows.js'), logger: new DefaultLogger('ERROR') });
  await writeFile(path, code);
  return path;
}

/**
 * Starts a server in memory and a worker process for each side, and gives them to `work`; ends everything afterwards.
 * `profile`: a folder for CPU profiles of each thread of both worker processes.
 */
export async function withBench<T>(profile: string | undefined, work: (bench: Bench) => Promise<T>): Promise<T> {
  const ends: (() => Promise<unknown>)[] = [];
  try {
    Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
    const folder = await mkdtemp(join(tmpdir(), 'distri-bench-'));
    ends.push(() => rm(folder, { recursive: true, force: true }));
    const say = (line: string): void => console.error(line);
    const { address, namespace, pid, stop } = await startEmbedded({ memory: true, ui: false, log: say, dynamicConfig: [ONE_EXECUTION] });
    ends.push(stop);
    const bundles = { ours: here('../../dist/workflow-bundle.js'), twin: await bundleTwin(folder) };
    const nodeArgs = (side: string): string[] =>
      profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', join(profile, side)];
    const ours = await startChild(here('ours/worker-main.js'), [address, namespace, here('../noop.tools.mjs')], nodeArgs('ours'));
    ends.push(() => ours.stop());
    const twin = await startChild(here('twin/worker-main.js'), [address, namespace, bundles.twin], nodeArgs('twin'));
    ends.push(() => twin.stop());
    const connection = await Connection.connect({ address });
    ends.push(() => connection.close());
    const temporal = new Client({ connection, namespace });
    let ids = 0;
    const id = (prefix: string): string => `${prefix}-${(ids += 1)}`;
    const cpu = {
      worker: { ours: () => ours.cpuMs(), twin: () => twin.cpuMs() },
      server: () => processCpuMs(pid),
      client: ownCpuMs,
    };
    return await work({ temporal, distri: DistriClient.fromClient(temporal), cpu, bundles, id, say });
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

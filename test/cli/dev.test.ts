import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DistriClient } from '../../src/client/index.js';
import { readWorkflowFile } from '../../src/definition/parse.js';
import type { RunSnapshot } from '../../src/definition/snapshot.js';
import { findTemporal, startEmbedded } from '../../src/cli/embedded.js';
import { findFreePort } from '../../src/cli/find-port.js';
import { eventually } from '../client/stage.js';
import { removeFolder, run, start, startDev, stop, workFolder, type Command } from './support.js';

const TOOLS = `
import { defineTool } from '${new URL('../../dist/worker/index.js', import.meta.url).href}';
export default [defineTool({ name: 'double', description: 'Doubles n', execute: ({ n }) => ({ n: 2 * n }) })];
`;

let folder: string;
let dev: Command & { temporal: string; api: string };
/** To look on, and to prepare what is not tested, without a process for each look. */
let client: DistriClient;

const cli = (...args: string[]) => run(args, { cwd: folder });

beforeAll(async () => {
  folder = await workFolder({
    'tools.mjs': TOOLS,
    'wait.json': { id: 'wait', steps: [{ id: 'ask', kind: { type: 'wait_for_input', message: 'Well?' } }] },
    'drive.json': {
      id: 'drive',
      steps: [
        {
          id: 'user',
          kind: { type: 'script', command: 'printf %s "$WHO"', env: { WHO: '{env.USER_NAME}' }, output_format: 'text' },
          requires: [{ skill: 'google:drive' }],
        },
      ],
    },
    'double.json': { id: 'double', steps: [{ id: 'twice', kind: { type: 'tool_call', tool_name: 'double', input: { n: '{input.n}' } } }] },
  });
  dev = await startDev(folder);
  client = await DistriClient.connect({ address: dev.temporal });
});

afterAll(async () => {
  await client.close();
  await stop(dev);
  await removeFolder(folder);
});

async function started(file: string, id: string): Promise<void> {
  await client.start(await readWorkflowFile(join(folder, file)), { runId: id });
}

async function until(id: string, status: string): Promise<RunSnapshot> {
  return eventually(async () => {
    const snapshot = await client.getRun(id).snapshot();
    return snapshot.status === status ? snapshot : undefined;
  });
}

describe('dev', () => {
  test('prints one line with its addresses', async () => {
    const line: unknown = JSON.parse(await dev.until('stdout', /\n/));
    expect(line).toEqual({
      api: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
      temporal: dev.temporal,
      namespace: 'default',
      temporal_ui: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
      payload_dir: expect.stringMatching(/payloads$/) as string,
    });
  });

  test('a second one in the folder is refused and names the first', async () => {
    const { code, stderr } = await cli('dev');
    expect(code).toBe(2);
    expect(stderr).toContain(String(dev.child.pid));
    expect(stderr).toContain(dev.temporal);
  });
});

describe('runs', () => {
  test('are listed, shown, answered and give their checkpoints', async () => {
    expect(await cli('run', 'wait.json', '--detach', '--run-id', 'wait-1')).toMatchObject({ code: 0, stdout: 'wait-1\n' });
    await until('wait-1', 'paused');
    const shown = JSON.parse((await cli('runs', 'show', 'wait-1', '--json')).stdout) as RunSnapshot;
    expect(shown).toMatchObject({ run_id: 'wait-1', status: 'paused' });
    const listed = JSON.parse((await cli('runs', 'list', '--workflow', 'wait', '--json')).stdout) as { run_id: string }[];
    expect(listed.map((each) => each.run_id)).toContain('wait-1');
    expect((await cli('runs', 'list', '--status', 'paused')).stdout).toMatch(/wait-1 +wait +paused/);
    expect((await cli('runs', 'show', 'wait-1')).stdout).toMatch(/\? ask +waits for an answer: Well\?/);
    expect((await cli('runs', 'answer', 'wait-1', 'ask', '"yes"')).code).toBe(0);
    expect(await until('wait-1', 'completed')).toMatchObject({ output: 'yes' });
    const again = await cli('runs', 'answer', 'wait-1', 'ask', '"no"');
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('STEP_NOT_WAITING') as string });
    const [checkpoint] = JSON.parse((await cli('runs', 'checkpoints', 'wait-1', '--json')).stdout) as { checkpoint_id: string }[];
    const loaded = await cli('runs', 'checkpoints', 'wait-1', '--load', checkpoint?.checkpoint_id ?? '', '--json');
    expect(JSON.parse(loaded.stdout)).toMatchObject({ state: { steps: { ask: 'yes' } } });
  });

  test('are canceled with a reason, and a watcher exits 1', async () => {
    await started('wait.json', 'wait-2');
    const watch = await start(['runs', 'watch', 'wait-2'], { cwd: folder });
    await watch.until('stderr', /waits for an answer/);
    expect((await cli('runs', 'cancel', 'wait-2', '--reason', 'no longer needed')).code).toBe(0);
    expect(await watch.ended).toMatchObject({ code: 1, stderr: expect.stringContaining('canceled') as string });
  });

  test('are terminated', async () => {
    await started('wait.json', 'wait-3');
    expect((await cli('runs', 'terminate', 'wait-3', '--reason', 'test')).code).toBe(0);
    expect(await until('wait-3', 'failed')).toMatchObject({ run_id: 'wait-3' });
  });

  test('a taken run id and an unknown one are errors', async () => {
    await started('wait.json', 'wait-4');
    const taken = await cli('run', 'wait.json', '--detach', '--run-id', 'wait-4', '--json');
    expect(taken).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('RUN_ALREADY_EXISTS') as string });
    expect(await cli('runs', 'show', 'nobody')).toMatchObject({ code: 2, stderr: expect.stringContaining('RUN_NOT_FOUND') as string });
  });
});

test('on a server without workers a run brings its own, also right after another one has gone', async () => {
  const cwd = await workFolder({ 'note.json': { id: 'note', steps: [{ id: 'a', kind: { type: 'checkpoint', message: 'noted' } }] } });
  const server = await startEmbedded({ memory: true, ui: false, folder: cwd, env: { ...process.env, TEMPORAL_CLI_PATH: await findTemporal() } });
  try {
    for (const id of ['first', 'second']) {
      const ended = await run(['run', 'note.json', '--run-id', id, '--address', server.address], { cwd });
      expect(ended).toMatchObject({ code: 0, stderr: expect.stringContaining('No engine worker is alive') as string });
      expect(JSON.parse(ended.stdout)).toEqual({ message: 'noted' });
    }
  } finally {
    await server.stop();
    await removeFolder(cwd);
  }
});

test('a blocked run is told that its connection is there, and goes on', async () => {
  await started('drive.json', 'drive-1');
  expect(await until('drive-1', 'blocked')).toMatchObject({ steps: { user: { missing: ['google:drive'] } } });
  expect((await cli('runs', 'list', '--missing-skill', 'google:drive')).stdout).toContain('drive-1');
  // In a file that no worker reads: so nobody but the command tells the run.
  const elsewhere = await cli('connections', 'add', 'google:drive', '--env', 'USER_NAME=Ada', '--connections', 'elsewhere.json');
  expect(elsewhere).toMatchObject({ code: 0, stderr: expect.stringContaining('1 blocked run was told') as string });
  const added = await cli('connections', 'add', 'google:drive', '--env', 'USER_NAME=Ada');
  expect(added).toMatchObject({ code: 0, stderr: expect.stringContaining('Connection google:drive is kept') as string });
  expect(await until('drive-1', 'completed')).toMatchObject({ output: { output: 'Ada' } });
});

test('a worker brings its skills and tools, prints one line when ready, and leaves on SIGTERM', async () => {
  const port = String(await findFreePort('127.0.0.1'));
  const flags = ['--skills', 'native:tool', '--no-engine', '--tools', 'tools.mjs', '--metrics-port', port, '--json'];
  const worker = await start(['worker', ...flags], { cwd: folder });
  const ready = { skills: ['native:tool'], engine: false, temporal: dev.temporal, metrics: `http://127.0.0.1:${port}` };
  expect(JSON.parse(await worker.until('stdout', /\n/))).toMatchObject(ready);
  // Every address of 127.0.0.0/8 is this machine: one that is not listened on shows that not all interfaces are.
  await expect(fetch(`http://127.0.0.2:${port}/healthz`)).rejects.toThrow();
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  expect((await cli('skills')).stdout).toMatch(/^native:tool /m);
  expect((await cli('tools')).stdout).toMatch(/^double +native:tool +Doubles n/m);
  const { code, stdout } = await cli('run', 'double.json', '--input', '{"n":21}');
  expect({ code, output: JSON.parse(stdout) as unknown }).toEqual({ code: 0, output: { n: 42 } });
  expect((await stop(worker)).code).toBe(0);
});

test('a worker that is told to end while it starts ends', async () => {
  await writeFile(join(folder, 'ends.mjs'), `process.kill(process.pid, 'SIGTERM');${TOOLS}`);
  expect((await cli('worker', '--skills', 'native:tool', '--no-engine', '--tools', 'ends.mjs')).code).toBe(0);
});

describe('the API of dev', () => {
  const document = { id: 'kept', steps: [{ id: 'note', kind: { type: 'checkpoint', message: 'kept for {input.who}' } }] };
  let id: string;

  async function send(method: string, path: string, body?: object) {
    const response = await fetch(`${dev.api}${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    return { status: response.status, body: (await response.json()) as { id: string; name: string; status: string; items: { run_id: string }[] } };
  }

  test('answers, and keeps workflows that run by their id', async () => {
    expect(await send('GET', '/readyz')).toMatchObject({ status: 200, body: { status: 'ready' } });
    const kept = await send('POST', '/v1/workflows', { name: 'Kept', definition: document });
    expect(kept.status).toBe(201);
    id = kept.body.id;
    const { code, stdout, stderr } = await cli('run', id, '--input', '{"who":"Ada"}', '--run-id', 'kept-1');
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ message: 'kept for Ada' });
    expect((await send('GET', `/v1/runs?workflow_id=${id}`)).body.items).toMatchObject([{ run_id: 'kept-1' }]);
  });

  test('takes connections, for which runs of the command line go on', async () => {
    const run = { id: 'crm', steps: [{ id: 'who', kind: { type: 'script', command: 'printf %s "$1"', args: ['{env.WHO}'], output_format: 'text' }, requires: [{ skill: 'acme:crm' }] }] };
    await writeFile(join(folder, 'crm.json'), JSON.stringify(run));
    expect((await cli('run', 'crm.json', '--detach', '--run-id', 'crm-1')).code).toBe(0);
    await until('crm-1', 'blocked');
    expect((await send('PUT', '/v1/connections/acme:crm', { env: { WHO: 'Grace' } })).status).toBe(200);
    expect(await until('crm-1', 'completed')).toMatchObject({ output: { output: 'Grace' } });
  });

  test('is refused a port that is taken', async () => {
    const other = await workFolder();
    try {
      const refused = await run(['dev', '--port', new URL(dev.api).port, '--json'], { cwd: other });
      expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('PORT_IN_USE') as string });
    } finally {
      await removeFolder(other);
    }
  });

  test('starts beside others that start at the same time and want the usual port', async () => {
    const folders = await Promise.all([workFolder(), workFolder()]);
    const others = await Promise.all(folders.map((other) => startDev(other)));
    try {
      expect(new Set([dev, ...others].map(({ api }) => api)).size).toBe(3);
      for (const { api } of others) expect((await fetch(`${api}/readyz`)).status).toBe(200);
    } finally {
      await Promise.all(others.map(stop));
      await Promise.all(folders.map(removeFolder));
    }
  });

  test('has everything again after a restart', async () => {
    await client.close();
    expect((await stop(dev)).code).toBe(0);
    const { port } = new URL(dev.api);
    dev = await startDev(folder, '--port', port);
    client = await DistriClient.connect({ address: dev.temporal });
    expect(new URL(dev.api).port).toBe(port);
    expect(await send('GET', `/v1/workflows/${id}`)).toMatchObject({ status: 200, body: { name: 'Kept' } });
    expect(await send('GET', '/v1/runs/kept-1')).toMatchObject({ status: 200, body: { status: 'completed' } });
    expect((await cli('run', 'crm.json', '--run-id', 'crm-2')).code).toBe(0);
    const ended = await cli('run', id, '--input', '{"who":"Bob"}');
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
  });
});

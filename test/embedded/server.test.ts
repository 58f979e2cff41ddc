import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findTemporal, startEmbedded, type EmbeddedOptions, type EmbeddedServer } from '../../src/cli/embedded.js';
import { findFreePort } from '../../src/cli/find-port.js';
import { isRunning, markProcess } from '../../src/cli/process-mark.js';

const THIRTY_DAYS_SECS = '2592000';

let program: string;
let folder: string;
const servers: EmbeddedServer[] = [];
const temporary: string[] = [];

beforeAll(async () => {
  program = await findTemporal();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'distri-embedded-'));
  temporary.push(folder);
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});
afterAll(() => {
  for (const path of temporary) rmSync(path, { recursive: true, force: true });
});

async function start(options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedServer> {
  const server = await startEmbedded({ folder, program, ui: false, ...options });
  servers.push(server);
  return server;
}

async function connected<T>({ address, namespace }: EmbeddedServer, act: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await act(new Client({ connection, namespace }));
  } finally {
    await connection.close();
  }
}

const startRun = (server: EmbeddedServer, workflowId: string) =>
  connected(server, (client) =>
    client.workflow.start('anything', {
      workflowId,
      taskQueue: 'nobody-polls',
      searchAttributes: {
        DistriWorkflowId: ['a'],
        DistriStatus: ['running'],
        DistriMissingSkills: ['a:b', 'c:d'],
        DistriVersion: [1],
        DistriOwner: ['o'],
      },
    }),
  );

describe('startEmbedded', () => {
  test('gives a server that takes runs with our search attributes at once and keeps them for 30 days', async () => {
    const server = await start({ namespace: 'own' });
    expect(server).toMatchObject({ address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string, namespace: 'own' });
    expect(server.uiUrl).toBeUndefined();
    await startRun(server, 'first');
    const { config } = await connected(server, (client) => client.workflowService.describeNamespace({ namespace: 'own' }));
    expect(config?.workflowExecutionRetentionTtl?.seconds?.toString()).toBe(THIRTY_DAYS_SECS);
  });

  test('keeps runs over a stop, and can be stopped twice', async () => {
    const first = await start();
    await startRun(first, 'kept');
    await Promise.all([first.stop(), first.stop()]);
    await first.stop();
    expect(await isRunning(await markProcess(first.pid))).toBe(false);
    const second = await start();
    await first.stop();
    expect(await connected(second, (client) => client.workflow.getHandle('kept').describe())).toMatchObject({
      workflowId: 'kept',
      status: { name: 'RUNNING' },
    });
    await expect(start()).rejects.toMatchObject({ code: 'DATA_IN_USE' });
  });

  test('serves the Web UI when asked to, on loopback', async () => {
    const port = await findFreePort();
    const server = await start({ ui: true, uiPort: port, memory: true });
    expect(server.uiUrl).toBe(`http://127.0.0.1:${port}`);
    await expect.poll(async () => (await fetch(server.uiUrl ?? '')).status, { timeout: 60_000 }).toBe(200);
    expect(existsSync(join(folder, 'temporal.db'))).toBe(false);
  });

  test('says which chosen port is taken, and for what it was wanted', async () => {
    const port = await findFreePort();
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    await expect(start({ port })).rejects.toMatchObject({ code: 'PORT_IN_USE', message: expect.stringContaining(String(port)) as string });
    await expect(start({ ui: true, uiPort: port })).rejects.toThrow(/Web UI/);
    other.close();
    expect(await start({ port })).toMatchObject({ address: `127.0.0.1:${port}` });
  });

  test('a server that dies while it starts is an error with what it said, and leaves the folder free', async () => {
    writeFileSync(join(folder, 'temporal.db'), 'this is no database, and long enough to be read as one'.repeat(100));
    await expect(start()).rejects.toMatchObject({
      code: 'TEMPORAL_NOT_STARTED',
      message: expect.stringMatching(/ended with code 1[^]*not a database/) as string,
    });
    rmSync(join(folder, 'temporal.db'));
    await start();
  });

  test('a program that is no Temporal says so instead of waiting', async () => {
    await expect(start({ program: '/bin/false' })).rejects.toMatchObject({ code: 'TEMPORAL_NOT_STARTED' });
    await expect(start({ program: join(folder, 'absent') })).rejects.toMatchObject({ code: 'TEMPORAL_NOT_STARTED' });
  });

  test('tells when the server has died by itself', async () => {
    const server = await start();
    process.kill(server.pid, 'SIGKILL');
    expect(await server.exited).toMatch(/SIGKILL/);
    await start();
  });

  test('several start at once, each in its own folder', async () => {
    const folders = Array.from({ length: 3 }, () => mkdtempSync(join(folder, 'one-')));
    const started = await Promise.all(folders.map((each) => start({ folder: each, ui: true })));
    expect(new Set(started.map(({ address }) => address)).size).toBe(3);
  });
});

describe.skipIf(process.platform === 'win32')('a parent that is gone', () => {
  async function parent(): Promise<{ kill: (signal: NodeJS.Signals) => Promise<unknown>; address: string; pid: number }> {
    const child = spawn(process.execPath, ['--import', 'jiti/register', 'test/embedded/parent.ts', folder, program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const { address, pid } = JSON.parse(line) as { address: string; pid: number };
    const gone = once(child, 'exit');
    return { kill: (signal) => (child.kill(signal), gone), address, pid };
  }

  test.each(['SIGKILL', 'SIGTERM'] as const)('takes its server with it when it dies of %s, and the data stay', async (signal) => {
    const { kill, pid } = await parent();
    const mark = await markProcess(pid);
    expect(await isRunning(mark)).toBe(true);
    await kill(signal);
    await expect.poll(() => isRunning(mark), { timeout: 60_000, interval: 100 }).toBe(false);
    await start();
  });

  test('its folder can be started in at once: the next server waits for the end of the orphan', async () => {
    const { kill, pid } = await parent();
    const mark = await markProcess(pid);
    await kill('SIGKILL');
    const next = await start();
    expect(await isRunning(mark)).toBe(false);
    await startRun(next, 'after');
  });

  test.runIf(process.platform === 'linux')('Ctrl-C for the whole foreground group does not reach the server', async () => {
    const server = await start();
    const group = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[2];
    expect(group).toBe(String(server.pid));
  });
});

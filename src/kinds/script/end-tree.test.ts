import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { activityContext } from '../../../test/support/activity-context.js';
import { createScript } from './activity.js';
import { removeLeftovers } from './leftovers.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'end-tree-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function eventually(check: () => boolean | Promise<boolean>, within = 20_000): Promise<void> {
  const until = Date.now() + within;
  while (!(await check())) {
    if (Date.now() > until) throw new Error(`did not happen within ${within} ms`);
    await delay(20);
  }
}

/** Processes whose command line holds the text; zombies have none. */
function running(text: string): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && commandLine(name).includes(text));
}

/** Sleepers of that time, and not the shells that name them. */
function sleepers(time: string): string[] {
  return running(time).filter((pid) => commandLine(pid).startsWith('sleep '));
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

let next = 0;
/** A time to sleep that no other process on the machine has, so that its sleepers are found by it. */
function sleeping(): string {
  next += 1;
  return `4${process.pid}.${Date.now() % 100_000}${next}`;
}

/** Ways in which a child leaves the process group of its script. `SLEEP` is replaced by a sleeper's time. */
const ESCAPES: [string, string][] = [
  ['timeout', 'timeout 9999 sleep SLEEP'],
  ['setsid', 'setsid sleep SLEEP & wait'],
  ['setsid that waits', 'setsid -w sleep SLEEP'],
  ['job control', 'set -m; sleep SLEEP & sleep SLEEP & wait'],
  ['nohup', 'nohup setsid sleep SLEEP >/dev/null 2>&1 & wait'],
  ['a double fork', '(setsid sh -c "sleep SLEEP & exit" &) ; sleep SLEEP'],
  ['a daemon without output', '(setsid sh -c "exec >/dev/null 2>&1 </dev/null; (sleep SLEEP &)" &) ; sleep SLEEP'],
  ['a child without environment', 'setsid env -i sh -c "sleep SLEEP & sleep SLEEP" & wait'],
  ['a child that ignores SIGTERM', `setsid sh -c "trap '' TERM HUP; while :; do sleep SLEEP; done" & wait`],
  ['Python in a new session', `python3 -c "import subprocess; subprocess.Popen(['sleep', 'SLEEP'], start_new_session=True)"; sleep SLEEP`],
];
const users: [string, string | undefined][] = [['the worker itself', undefined]];
if (userInfo().uid === 0) users.push(['another user', 'nobody']);

describe.runIf(process.platform === 'linux').each(users)('a script that runs as %s', (_name, user) => {
  const start = (command: string, signal: AbortSignal) =>
    createScript(user === undefined ? {} : { user })({ type: 'script', command, cwd: '/', timeout_secs: 600 }, activityContext({ signal }));

  it.each(ESCAPES)('and is canceled leaves nothing running: %s', async (_way, command) => {
    const sleep = sleeping();
    const controller = new AbortController();
    const reason = new Error('canceled');
    const done = start(command.replaceAll('SLEEP', sleep), controller.signal).catch((error: unknown) => error);
    await eventually(() => sleepers(sleep).length > 0);
    controller.abort(reason);
    expect(await done).toBe(reason);
    expect(running(sleep)).toEqual([]);
  });
});

it('a script over its time leaves nothing running in groups of its own', async () => {
  const sleep = sleeping();
  const script = createScript({})({ type: 'script', command: `timeout 9999 sleep ${sleep}; echo done`, timeout_secs: 1 }, activityContext());
  await expect(script).rejects.toMatchObject({ code: 'TIMED_OUT' });
  expect(running(sleep)).toEqual([]);
});

it('a child that a finished script leaves in the background stays', async () => {
  const sleep = sleeping();
  expect(await createScript({})({ type: 'script', command: `setsid sleep ${sleep} & echo here` }, activityContext())).toEqual({ output: 'here' });
  await eventually(() => sleepers(sleep).length === 1);
  const [pid] = sleepers(sleep);
  expect(sleepers(sleep)).toEqual([pid]);
  process.kill(Number(pid), 'SIGKILL');
});

/** Folders that hold the context of a script. */
function contexts(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('distri-script-'));
}

/** A process that runs a script as a worker does. */
async function startWorker(command: string, prelude = ''): Promise<ChildProcess> {
  const worker = join(folder, `worker-${sleeping()}.mjs`);
  const code = `
    import { createJiti } from ${JSON.stringify(import.meta.resolve('jiti'))};
    const { createScript } = await createJiti(import.meta.url).import(${JSON.stringify(join(import.meta.dirname, 'activity.ts'))});
    ${prelude}
    await createScript({})({ type: 'script', command: ${JSON.stringify(command)} },
      { runId: 'r', workflowId: 'w', stepId: 's', attempt: 1, idempotencyKey: 'k', signal: new AbortController().signal, heartbeat() {}, connections: [], mask: { margin: 0 }, context: { token: 'kept-secret' } });`;
  await writeFile(worker, code);
  return spawn(process.execPath, [worker], { stdio: ['ignore', 'ignore', 'inherit'] });
}

describe.runIf(process.platform === 'linux')('a worker that is killed', () => {
  it.each(ESCAPES)('leaves nothing of its scripts running: %s', async (_way, command) => {
    const sleep = sleeping();
    const worker = await startWorker(command.replaceAll('SLEEP', sleep));
    await eventually(() => sleepers(sleep).length > 0);
    worker.kill('SIGKILL');
    await eventually(() => running(sleep).length === 0);
  });

  it('leaves no context of its scripts behind', async () => {
    const file = join(folder, `context-${sleeping()}`);
    const worker = await startWorker(`echo "$WORKFLOW_CONTEXT_FILE" > ${file}.tmp; mv ${file}.tmp ${file}; sleep 300`);
    await eventually(() => existsSync(file));
    const context = (await readFile(file, 'utf8')).trim();
    expect(await readFile(context, 'utf8')).toContain('kept-secret');
    worker.kill('SIGKILL');
    await eventually(() => !existsSync(context));
  });

  it('together with the guards of its scripts has the context removed by the next worker, which keeps those of workers that run', async () => {
    const left = join(folder, `left-${sleeping()}`);
    const kept = join(folder, `kept-${sleeping()}`);
    const sleep = sleeping();
    const say = (file: string) => `echo "$WORKFLOW_CONTEXT_FILE" > ${file}.tmp; mv ${file}.tmp ${file}; exec sleep ${sleep}`;
    const dying = await startWorker(say(left));
    const living = await startWorker(say(kept));
    await eventually(() => existsSync(left) && existsSync(kept));
    const context = (await readFile(left, 'utf8')).trim();
    const name = context.split('/').at(-2) ?? '';
    for (const guard of running(name).filter((pid) => commandLine(pid).startsWith('/bin/sh'))) process.kill(Number(guard), 'SIGKILL');
    dying.kill('SIGKILL');
    await eventually(() => dying.signalCode !== null);
    expect(contexts()).toContain(name);
    await removeLeftovers();
    expect(contexts()).not.toContain(name);
    expect(existsSync((await readFile(kept, 'utf8')).trim())).toBe(true);
    living.kill('SIGKILL');
    for (const pid of sleepers(sleep)) process.kill(Number(pid), 'SIGKILL');
  });
});

import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunSnapshot } from '../../src/definition/snapshot.js';
import { startEmbedded } from '../../src/cli/embedded.js';
import { removeFolder, run, start, startDev, startOnTerminal, stop, workFolder } from './support.js';

const SAMPLE = resolve('examples/data-pipeline.json');
const SAMPLE_RUN = ['run', SAMPLE, '--tools', resolve('examples/data-pipeline.tools.mjs'), '--input', `@${resolve('examples/data-pipeline.input.json')}`];
const HELLO = resolve('examples/hello.json');

const WAIT = {
  id: 'wait',
  steps: [
    { id: 'first', kind: { type: 'checkpoint', message: 'first' } },
    {
      id: 'ask',
      label: 'Ask',
      kind: {
        type: 'wait_for_input',
        message: 'How many?',
        schema: { type: 'object', properties: { count: { type: 'integer', minimum: 1 } }, required: ['count'] },
      },
    },
    { id: 'last', kind: { type: 'checkpoint', message: 'Counted {steps.ask.count}' } },
  ],
};
const script = (id: string, command: string) => ({ id, steps: [{ id: 'go', label: 'Go', kind: { type: 'script', command } }] });

let folder: string;

beforeEach(async () => {
  folder = await workFolder({
    'wait.json': WAIT,
    'fail.json': script('fail', 'echo it broke >&2; exit 3'),
    'slow.json': script('slow', 'sleep 60'),
    'blocked.json': {
      id: 'blocked',
      steps: [
        {
          id: 'copy',
          label: 'Copy',
          kind: { type: 'checkpoint', message: 'copied' },
          requires: [{ skill: 'google:drive', permissions: ['drive.readonly'] }],
        },
      ],
    },
  });
});

afterEach(() => removeFolder(folder));

const snapshotOf = (text: string) => JSON.parse(text) as RunSnapshot;

describe('run on a server of its own', () => {
  test('runs the sample to its end: progress on stderr, the output on stdout', async () => {
    const { code, stdout, stderr } = await run([...SAMPLE_RUN, '--answer', 'review={"approved":true,"notes":"fine"}'], {
      cwd: folder,
      env: { PUBLISH_FOLDER: join(folder, 'published') },
    });
    expect(stderr).toMatch(/^✓ Publish \(publish\) \d/m);
    expect(stderr).toMatch(/http:\/\/127\.0\.0\.1:\d+\/namespaces\/default\/workflows\/data-pipeline-/);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ project_id: 'weather', published: 3, notes: 'fine' });
    const published: unknown = JSON.parse(await readFile(join(folder, 'published', 'weather.json'), 'utf8'));
    expect(published).toContainEqual({ city: 'Rome', text: 'Rome: 19 °C', celsius: 19, fahrenheit: 66.2 });
  });

  test('runs a document from stdin and prints one snapshot with --json', async () => {
    const { code, stdout } = await run(['run', '-', '--json', '--input', '{"name":"Ada"}', '--run-id', 'hello-1'], {
      cwd: folder,
      stdin: await readFile(HELLO, 'utf8'),
    });
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(snapshotOf(stdout)).toMatchObject({ run_id: 'hello-1', status: 'completed', output: { message: 'Hello, Ada!' } });
  });

  test('a failed step is named with its error and code, and the command exits 1', async () => {
    const { code, stdout, stderr } = await run(['run', 'fail.json'], { cwd: folder });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/step go SCRIPT_EXIT: Exit code 3: it broke/);
    expect(stderr).toContain('docs/errors.md#script_exit');
  });

  test('with nobody to ask it exits 3 and says how to answer; the next dev goes on with the run', async () => {
    const waiting = await run(['run', 'wait.json', '--run-id', 'kept', '--json'], { cwd: folder });
    expect(waiting.code).toBe(3);
    expect(snapshotOf(waiting.stdout)).toMatchObject({ status: 'paused', steps: { ask: { status: 'waiting_for_input' } } });
    expect(waiting.stderr).toContain(`distri-workflow runs answer kept ask '{"count":1}'`);
    expect(waiting.stderr).toContain('distri-workflow dev');

    const dev = await startDev(folder);
    const watch = await start(['runs', 'watch', 'kept', '--json'], { cwd: folder });
    const refused = await run(['runs', 'answer', 'kept', 'ask', '{"count":0}'], { cwd: folder });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('ANSWER_REFUSED');
    expect((await run(['runs', 'answer', 'kept', 'ask', '-'], { cwd: folder, stdin: '{"count":4}' })).code).toBe(0);
    const watched = await watch.ended;
    expect(watched.code).toBe(0);
    expect(snapshotOf(watched.stdout)).toMatchObject({ status: 'completed', output: { message: 'Counted 4' } });
    expect((await stop(dev)).code).toBe(0);
  });

  test('an --answer that does not fit is refused before anything is started', async () => {
    const { code, stderr } = await run(['run', 'wait.json', '--answer', 'ask={"count":"many"}'], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toMatch(/ANSWER_REFUSED.*\$\.count must be integer/);
    expect(stderr).not.toContain('run wait-');
  });

  test('a second one in the same folder waits for the end of the first and then runs on the same data', async () => {
    const first = await start(['run', 'slow.json', '--run-id', 'first'], { cwd: folder });
    await first.until('stderr', /▸ Go/);
    const second = await start(['run', HELLO, '--run-id', 'second'], { cwd: folder });
    await second.until('stderr', /in use by process \d+: waiting for its end/);
    first.child.kill('SIGINT');
    expect((await first.ended).code).toBe(130);
    expect((await second.ended).code).toBe(0);
    const dev = await startDev(folder);
    const { stdout } = await run(['runs', 'list'], { cwd: folder });
    expect(stdout).toContain('first ');
    expect(stdout).toContain('second ');
    await stop(dev);
  });

  test('one that waits for the folder ends at SIGINT', async () => {
    const first = await start(['run', 'slow.json'], { cwd: folder });
    await first.until('stderr', /▸ Go/);
    const second = await start(['run', HELLO], { cwd: folder });
    await second.until('stderr', /waiting for its end/);
    second.child.kill('SIGINT');
    expect((await second.ended).code).toBe(130);
    await stop(first);
  });

  test('says that its server has died, and that the run is kept', async () => {
    const command = await start(['run', 'slow.json'], { cwd: folder });
    await command.until('stderr', /▸ Go/);
    const lock = JSON.parse(await readFile(join(folder, '.distri', 'temporal.lock'), 'utf8')) as { server: { pid: number } };
    process.kill(lock.server.pid, 'SIGKILL');
    const { code, stderr } = await command.ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(/NO_TEMPORAL_SERVER.*has ended[^]*The run is kept/);
  });

  test('a blocked run exits 3 with the command that would unblock it', async () => {
    const { code, stderr } = await run(['run', 'blocked.json'], { cwd: folder });
    expect(code).toBe(3);
    expect(stderr).toContain('distri-workflow connections add google:drive --permission drive.readonly');
  });

  test('SIGINT stops watching, the server and the worker, and tells how to go on', async () => {
    const command = await start(['run', 'slow.json'], { cwd: folder });
    const [, port = ''] = /127\.0\.0\.1:(\d+)/.exec(await command.until('stderr', /▸ Go/)) ?? [];
    command.child.kill('SIGINT');
    const { code, stderr } = await command.ended;
    expect(code).toBe(130);
    expect(stderr).toContain('distri-workflow runs cancel');
    await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow();
  });
});

describe('run on a server of others', () => {
  test('tells when the server stops answering and when it is back, and goes on', async () => {
    const server = await startEmbedded({ folder: join(folder, 'server'), ui: false });
    const command = await start(['run', 'slow.json'], { cwd: folder, env: { TEMPORAL_ADDRESS: server.address } });
    try {
      await command.until('stderr', /▸ Go/);
      process.kill(server.pid, 'SIGSTOP');
      await command.until('stderr', /does not answer; watching goes on/);
      process.kill(server.pid, 'SIGCONT');
      await command.until('stderr', /is back/);
      command.child.kill('SIGINT');
      expect((await command.ended).stderr).toContain('Stopped watching; the run is running.');
    } finally {
      command.child.kill('SIGKILL');
      await server.stop();
    }
  });
});

describe('run on a terminal', () => {
  test('asks for the answer by its schema, again when it is refused, and draws the list of steps', async () => {
    const command = await startOnTerminal(['run', 'wait.json'], { cwd: folder });
    await command.until('stdout', /count.*$/);
    command.child.stdin.write('0\r');
    await command.until('stdout', /must be at least 1/);
    command.child.stdin.write('\u007f7\r');
    await command.until('stdout', /Counted 7/);
    const { code, stdout } = await command.ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/✓ Ask +ask/);
  });
});

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { activityContext } from '../../../test/support/activity-context.js';
import type { JsonValue } from '../../definition/json.js';
import type { ActivityContext } from '../activity.js';
import { StepFailure } from '../failure.js';
import type { ConfigOf } from '../schemas.js';
import { createScript, type ScriptOptions } from './activity.js';

type Config = ConfigOf<'script'>;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'script-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

function script(config: string | Omit<Config, 'type'>, context: Partial<ActivityContext> = {}, options: ScriptOptions = {}) {
  const rest = typeof config === 'string' ? { command: config } : config;
  return createScript(options)({ type: 'script', ...rest }, activityContext(context));
}

async function failure(promise: Promise<unknown>): Promise<StepFailure> {
  const error = await promise.then(
    (value) => new Error(`did not fail: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StepFailure);
  return error as StepFailure;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function eventually(check: () => boolean | Promise<boolean>): Promise<void> {
  const until = Date.now() + 15_000;
  while (!(await check())) {
    if (Date.now() > until) throw new Error('did not happen within 15 s');
    await delay(20);
  }
}

describe('the result of a script', () => {
  it.each<[string, Config['output_format'], JsonValue]>([
    [`echo '{"a": [1]}'`, undefined, { a: [1] }],
    ['echo 5', undefined, 5],
    ['echo hello', undefined, { output: 'hello' }],
    ['true', undefined, { output: '' }],
    ["printf '  a\\n\\n b \\n\\n'", undefined, { output: '  a\n\n b' }],
    ['echo 5', 'text', { output: '5' }],
    ['echo 5', 'json', 5],
    ['echo 5; echo 6', 'stream', { output: '5\n6' }],
    ["printf 'a\\377b'", undefined, { output: 'a\ufffdb' }],
    ["printf '\\303'; sleep 0.05; printf '\\244'", undefined, { output: 'ä' }],
    ['echo out; echo err >&2', undefined, { output: 'out' }],
  ])('%s as %s', async (command, format, expected) => {
    expect(await script({ command, output_format: format })).toEqual(expected);
  });

  it('as json fails when it is none', async () => {
    expect(await failure(script({ command: 'echo hello', output_format: 'json' }))).toMatchObject({ code: 'SCRIPT_OUTPUT' });
    const empty = await failure(script({ command: 'true', output_format: 'json' }));
    expect(empty.message).toContain('it is empty');
  });

  it('is whole when the script writes a megabyte and exits', async () => {
    const result = (await script('head -c 1000000 /dev/zero | tr "\\0" x')) as { output: string };
    expect(result.output.length).toBe(1_000_000);
  });

  it('streams the last lines while the script runs', async () => {
    const context = activityContext();
    const done = createScript({})({ type: 'script', command: 'echo one; sleep 0.3; echo two', output_format: 'stream' }, context);
    await eventually(() => context.heartbeats.length > 0);
    expect(context.heartbeats).toEqual([{ output: 'one' }]);
    expect(await done).toEqual({ output: 'one\ntwo' });
    expect(context.heartbeats.at(-1)).toEqual({ output: 'one\ntwo' });
  });
});

describe('what a script is given', () => {
  it('args are parameters, never shell text', async () => {
    const args = ['a b', '$(touch /tmp/pwned)', `'";`, ''];
    expect(await script({ command: `printf '[%s]'`, args })).toEqual({ output: `[a b][$(touch /tmp/pwned)]['";][]` });
    expect(await script({ command: 'echo "$2-$#-$0"', args: ['x', 'y'] })).toEqual({ output: 'y-2-bash' });
  });

  it('the mapping is its context when there is one, else the whole context', async () => {
    const command = 'printf %s "$WORKFLOW_CONTEXT"';
    expect(await script(command, { context: { all: true } })).toEqual({ all: true });
    expect(await script(command, { mapping: { n: 1 }, context: { all: true } })).toEqual({ n: 1 });
    expect(await script(command, { mapping: {}, context: { all: true } })).toEqual({});
  });

  it('the file of the context is always there, and gone afterwards', async () => {
    const context = { n: 'ä' };
    expect(await script('cat "$WORKFLOW_CONTEXT_FILE"', { context })).toEqual(context);
    const { output } = (await script('echo "$WORKFLOW_CONTEXT_FILE"')) as { output: string };
    expect(output).toMatch(/context\.json$/);
    expect(existsSync(output)).toBe(false);
  });

  it('a context above 64 KiB is in the file alone', async () => {
    const context = { text: 'x'.repeat(100_000) };
    const command = 'echo "${WORKFLOW_CONTEXT-none}"; wc -c < "$WORKFLOW_CONTEXT_FILE"';
    expect(await script(command, { context })).toEqual({ output: 'none\n100011' });
    const env = { WORKFLOW_CONTEXT: 'mine', WORKFLOW_CONTEXT_FILE: '/dev/null' };
    expect(await script({ command, env }, { context })).toEqual({ output: 'none\n100011' });
  });

  it('its environment is small: nothing of the worker but PATH, HOME, LANG and TMPDIR, and what step it is', async () => {
    const env = { PATH: process.env.PATH, HOME: '/home/w', LANG: 'C.UTF-8', TMPDIR: '/tmp', SECRET: 's', BASH_ENV: '/tmp/x' };
    const { output } = (await script({ command: 'env | cut -d= -f1 | sort', env: { MINE: '1' }, output_format: 'text' }, {}, { env })) as {
      output: string;
    };
    const shellsOwn = ['PWD', 'SHLVL', '_'];
    const step = ['RUN_ID', 'WORKFLOW_ID', 'STEP_ID', 'ATTEMPT', 'IDEMPOTENCY_KEY'].map((name) => `DISTRI_${name}`);
    expect(output.split('\n').filter((name) => !shellsOwn.includes(name))).toEqual(
      [...step, 'DISTRI_SCRIPT_MARK', 'HOME', 'LANG', 'MINE', 'PATH', 'TMPDIR', 'WORKFLOW_CONTEXT', 'WORKFLOW_CONTEXT_FILE'].sort(),
    );
  });

  it('the env of the step overrides all but the context', async () => {
    const env = { HOME: '/nowhere', WORKFLOW_CONTEXT: '"mine"' };
    expect(await script({ command: 'echo "$HOME $WORKFLOW_CONTEXT"', env }, { context: { c: 1 } })).toEqual({ output: '/nowhere {"c":1}' });
  });

  it('its input is empty', async () => {
    expect(await script('cat; echo done')).toEqual({ output: 'done' });
  });

  it('no start-up file is read', async () => {
    for (const name of ['.bashrc', '.bash_profile', '.profile', '.zshrc']) await writeFile(join(folder, name), 'echo startup\n');
    expect(await script('echo clean', {}, { env: { ...process.env, HOME: folder } })).toEqual({ output: 'clean' });
  });

  it('the folder and the shell that it asks for', async () => {
    expect(await script({ command: 'pwd', cwd: folder })).toEqual({ output: folder });
    expect(await script({ command: 'readlink /proc/$$/exe; echo $0', shell: 'sh' })).toMatchObject({ output: expect.stringMatching(/sh$/) as string });
    expect(await script('[[ a == a ]] && echo bash')).toEqual({ output: 'bash' });
  });
});

describe('a script that fails', () => {
  it.each([
    ['echo reason >&2; exit 3', 'Exit code 3: reason'],
    ['echo only out; exit 4', 'Exit code 4: only out'],
    ['exit 5', 'Exit code 5: '],
    ['kill -SEGV $$', 'Killed by SIGSEGV: '],
    ["printf 'a\\377' >&2; exit 1", 'Exit code 1: a\ufffd'],
  ])('%s', async (command, message) => {
    expect(await failure(script(command))).toMatchObject({ code: 'SCRIPT_EXIT', message, retryable: false });
  });

  it('keeps the end of a long reason, and never half a code point', async () => {
    const { message } = await failure(script('for i in $(seq 3000); do printf "😀" >&2; done; printf "x the reason" >&2; exit 1'));
    expect(message.length).toBeLessThan(4100);
    expect(message).toMatch(/^Exit code 1: …😀/u);
    expect(message).toMatch(/x the reason$/);
  });

  it('a command that does not exist', async () => {
    expect((await failure(script('no-such-command'))).message).toMatch(/^Exit code 127: .*not found/);
  });
});

describe('a script that cannot start', () => {
  it.each<[string, Omit<Config, 'type'>, string]>([
    ['a folder that does not exist', { command: 'pwd', cwd: '/no/such' }, "'/no/such'"],
    ['a folder that is a file', { command: 'pwd', cwd: '/etc/passwd' }, 'is not a directory'],
    ['an oversize argument', { command: 'echo', args: ['x'.repeat(200_000)] }, '200000 bytes'],
    ['a null character', { command: 'echo', args: ['a\0b'] }, 'null character'],
  ])('%s', async (_name, config, text) => {
    const error = await failure(script(config));
    expect(error.code).toBe('SCRIPT_START');
    expect(error.message).toContain(text);
  });

  it('a shell that is not installed', async () => {
    if (['/bin/zsh', '/usr/bin/zsh'].some(existsSync)) return;
    const error = await failure(script({ command: 'echo', shell: 'zsh' }));
    expect(error).toMatchObject({ code: 'SCRIPT_START', message: expect.stringContaining("'zsh' is not installed") as string });
  });
});

describe('the end of a script', () => {
  /** Cancels a script when it has touched `<file>-ready`; answers when that was. */
  async function endOnceReady(file: string, command: string): Promise<number> {
    const controller = new AbortController();
    const reason = new Error('canceled');
    const done = script(command, { signal: controller.signal });
    await eventually(() => existsSync(`${file}-ready`));
    const at = Date.now();
    controller.abort(reason);
    await expect(done).rejects.toBe(reason);
    return at;
  }

  it('a script over its time is ended with all its children', async () => {
    const file = join(folder, 'child');
    const error = await failure(script({ command: `sleep 300 & echo $! > ${file}; wait`, timeout_secs: 1.5 }));
    expect(error).toMatchObject({ code: 'TIMED_OUT', message: expect.stringContaining('1.5 s') as string });
    const child = Number(await readFile(file, 'utf8'));
    await eventually(() => !isAlive(child));
  });

  it('a script that ignores SIGTERM is killed after 2 s', async () => {
    const file = join(folder, 'stubborn');
    const command = `trap '' TERM; echo $$ > ${file}; touch ${file}-ready; while :; do sleep 0.1; done`;
    const started = await endOnceReady(file, command);
    expect(Date.now() - started).toBeGreaterThan(1900);
    expect(isAlive(Number(await readFile(file, 'utf8')))).toBe(false);
  });

  it('a script may clean up when it is ended', async () => {
    const file = join(folder, 'cleaned');
    const command = `trap 'echo cleaning; touch ${file}; exit' TERM; touch ${file}-ready; sleep 60 & wait`;
    await endOnceReady(file, command);
    expect(existsSync(file)).toBe(true);
  });

  it('a cancel ends it and rejects with the reason', async () => {
    const file = join(folder, 'canceled');
    await endOnceReady(file, `echo $$ > ${file}; touch ${file}-ready; sleep 60`);
    const pid = Number(await readFile(file, 'utf8'));
    await eventually(() => !isAlive(pid));
  });

  it('a child left in the background does not hold the step', async () => {
    // Longer than this test may take.
    expect(await script('sleep 300 & echo here')).toEqual({ output: 'here' });
  });

  it('200 MB of output fail the step, end the script and stay out of memory', async () => {
    const before = process.memoryUsage().rss;
    const file = join(folder, 'flood');
    const error = await failure(script(`echo $$ > ${file}; head -c 200000000 /dev/zero; sleep 60`));
    expect(error).toMatchObject({ code: 'SCRIPT_OUTPUT', message: expect.stringContaining('1572864 bytes') as string });
    expect(process.memoryUsage().rss - before).toBeLessThan(60_000_000);
    expect(isAlive(Number(await readFile(file, 'utf8')))).toBe(false);
  });

  it('200 MB of error output do no harm', async () => {
    const before = process.memoryUsage().rss;
    expect(await script('head -c 200000000 /dev/zero >&2; echo fine')).toEqual({ output: 'fine' });
    expect(process.memoryUsage().rss - before).toBeLessThan(60_000_000);
  });

  it('a worker killed by SIGKILL leaves no script behind', async () => {
    const file = join(folder, 'orphan');
    const worker = join(folder, 'worker.mjs');
    const code = `
      import { writeFileSync } from 'node:fs';
      import { createJiti } from 'jiti';
      const { runProcess } = await createJiti(import.meta.url).import(${JSON.stringify(join(import.meta.dirname, 'process.ts'))});
      const running = runProcess({ file: '/bin/sh', args: ['-c', 'sleep 60 & echo $! > ${file}; wait'], env: { PATH: process.env.PATH } },
        new AbortController().signal, { stdout() {}, stderr() {} });
      writeFileSync('${file}-ready', '');
      await running;`;
    await writeFile(worker, code.replace("'jiti'", JSON.stringify(import.meta.resolve('jiti'))));
    const child = spawn(process.execPath, [worker], { stdio: ['ignore', 'ignore', 'inherit'] });
    await eventually(async () => existsSync(`${file}-ready`) && existsSync(file) && (await readFile(file, 'utf8')) !== '');
    const pid = Number(await readFile(file, 'utf8'));
    expect(isAlive(pid)).toBe(true);
    child.kill('SIGKILL');
    await eventually(() => !isAlive(pid));
  });
});

describe('another user', () => {
  it.runIf(userInfo().uid === 0)('runs as that user, with its home and a context that only it can read', async () => {
    const command = 'echo "$(id -un) $HOME $(cat "$WORKFLOW_CONTEXT_FILE") $(stat -c %a "$WORKFLOW_CONTEXT_FILE")"';
    const nobody = (await readFile('/etc/passwd', 'utf8')).split('\n').find((line) => line.startsWith('nobody:'));
    const home = nobody?.split(':')[5];
    await chmod(folder, 0o755);
    expect(await script({ command, cwd: '/' }, { mapping: { n: 1 } }, { user: 'nobody' })).toEqual({
      output: `nobody ${home} {"n":1} 600`,
    });
  });

  it('that does not exist is an error that names the setting', async () => {
    const error = await failure(script('true', {}, { user: 'no-such-user' }));
    expect(error).toMatchObject({ code: 'SCRIPT_START', message: expect.stringContaining('DISTRI_SCRIPT_USER') as string });
  });
});

describe('the time-out of a script', () => {
  const inAMinute = async (context: Partial<ActivityContext>) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const ended = script('sleep 0.5; echo done', context).catch((error: unknown) => error);
      await delay(200);
      vi.advanceTimersByTime(61_000);
      vi.useRealTimers();
      return await ended;
    } finally {
      vi.useRealTimers();
    }
  };

  it('is 60 s when neither the script nor its step has one', async () => {
    expect(await inAMinute({})).toMatchObject({ code: 'TIMED_OUT' });
  });

  it('is that of the step when the script has none', async () => {
    expect(await inAMinute({ timeoutSecs: 300 })).toEqual({ output: 'done' });
  });
});

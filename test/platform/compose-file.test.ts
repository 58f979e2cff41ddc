import { execFile } from 'node:child_process';
import { chmod, copyFile, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { removeFolder, workFolder } from '../cli/support.js';
import { blocksOf } from '../docs/markdown.js';
import { composeServices } from './compose.js';

const execute = promisify(execFile);
const services = await composeServices();
const ours = Object.entries(services).filter(([, { image }]) => image.startsWith('distri-workflow'));

let folder: string;
beforeAll(async () => {
  folder = await workFolder();
});
afterAll(() => removeFolder(folder));

describe('docker-compose.yml', () => {
  test.each(ours)('%s: its image is built here, and never taken from a registry', (_name, { pull_policy }) => {
    expect(pull_policy).toBe('never');
  });

  test.each(ours.filter(([name]) => name.startsWith('worker-')))('%s: its metrics can be read from outside its container', (_name, { command }) => {
    expect(command?.join(' ')).toContain('--metrics-port 9464 --metrics-host 0.0.0.0');
  });

  test('has the version of Temporal that the pages call tested', async () => {
    const pages = await Promise.all(['docs/operations.md', 'docs/upgrading.md'].map((page) => readFile(page, 'utf8')));
    const [tested, ...others] = new Set(pages.map((page) => /tested with (?:Temporal server )?(\d+\.\d+)/.exec(page)?.[1]));
    expect(others).toEqual([]);
    for (const name of ['temporal', 'temporal-schema', 'temporal-namespace']) expect(services[name]?.image).toContain(`:${tested}.`);
  });

  test('has as many shards as .env says, and else 512', () => {
    expect(services['temporal']?.environment?.['NUM_HISTORY_SHARDS']).toBe('${NUM_HISTORY_SHARDS:-512}');
  });

  test('lets the Web UI ask the codec by each name that this machine has for itself', () => {
    expect(services['codec']?.command?.filter((word) => word.endsWith(':8080'))).toEqual(['http://localhost:8080', 'http://127.0.0.1:8080']);
  });
});

describe('docs/deployment.md', () => {
  test('fills in .env, and leaves one that is there alone', async () => {
    const block = (await blocksOf('docs/deployment.md')).find(({ text }) => text.includes('.env.example')) ?? expect.fail('There is no such command');
    const script = block.text.replace(/^docker .*$/gm, '');
    expect(script, 'sed of macOS takes another word after -i').not.toContain('sed -i');
    await copyFile('.env.example', join(folder, '.env.example'));
    await execute('sh', ['-euc', script], { cwd: folder });
    const filled = await readFile(join(folder, '.env'), 'utf8');
    for (const name of ['POSTGRES_PASSWORD', 'POSTGRES_DISTRI_PASSWORD', 'POSTGRES_TEMPORAL_PASSWORD']) {
      expect(filled).toMatch(new RegExp(`^${name}=[0-9a-f]{48}$`, 'm'));
    }
    expect(filled).toMatch(/^DISTRI_SECRET_KEYS=k1:[\w+/]{43}=$/m);
    await execute('sh', ['-euc', script], { cwd: folder });
    expect(await readFile(join(folder, '.env'), 'utf8')).toBe(filled);
  });
});

describe('deploy/temporal/schema.sh', () => {
  test.each(['setup-schema', 'update-schema'])('fails when %s does', async (step) => {
    const tool = join(folder, 'temporal-sql-tool');
    await writeFile(tool, `#!/bin/sh\necho "$@"\ncase "$*" in *temporal_visibility*${step}*) exit 1;; esac\n`);
    await chmod(tool, 0o755);
    const env = { PATH: [folder, process.env['PATH']].join(delimiter) };
    const failed = execute('sh', [resolve('deploy/temporal/schema.sh')], { env });
    await expect(failed).rejects.toMatchObject({ code: 1, stdout: expect.stringContaining('--database temporal update-schema') as string });
  });
});

test('the images have the certificates that connections to Temporal trust', async () => {
  const [, runtime = ''] = (await readFile('Dockerfile', 'utf8')).split(/^FROM .* AS runtime$/m);
  expect(runtime.split(/^FROM /m)[0]).toMatch(/apt-get install .*ca-certificates/);
});

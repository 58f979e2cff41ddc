import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { pages } from './markdown.js';

let packed: string[];
beforeAll(async () => {
  const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { maxBuffer: 16 * 1024 * 1024 });
  const [{ files } = { files: [] }] = JSON.parse(stdout) as { files: { path: string }[] }[];
  packed = files.map(({ path }) => path);
});

test('the package holds no compose file, which needs the sources', () => {
  expect(packed.filter((path) => /^(docker-compose|deploy\/|Dockerfile)/.test(path))).toEqual([]);
});

test('the package holds all that the README and the pages of docs link to', async () => {
  for (const page of await pages()) {
    expect(packed).toContain(page);
    const text = (await readFile(page, 'utf8')).replace(/```[\s\S]*?\n```/g, '');
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)#\s]+)/g)) {
      const path = join(page, '..', target);
      expect(packed.some((each) => each === path || each.startsWith(`${path}/`)), `${page} links to ${target}`).toBe(true);
    }
  }
});

import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { codes } from '../../src/definition/codes.js';

const page = await readFile('docs/errors.md', 'utf8');
const sections = new Map(
  page.split(/^### /m).slice(1).map((section) => {
    const [code = '', ...rest] = section.split('\n');
    return [code, rest.join('\n').trim()] as const;
  }),
);

test('docs/errors.md has a section for each code, and for no other', () => {
  expect([...sections.keys()].sort()).toEqual(Object.keys(codes).sort());
});

test.each(Object.entries(codes))('the section of %s tells its title, its exit code and what to do', (code, { title, exit }) => {
  const section = sections.get(code) ?? '';
  const [first = '', ...rest] = section.split('\n');
  expect(first).toBe(exit === 0 ? `*${title}.*` : `*${title}.* Exit code ${exit}.`);
  expect(rest.join(' ').trim().split(/\s+/).length).toBeGreaterThan(8);
});

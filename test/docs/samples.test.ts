import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { readEnvironment } from '../../src/cli/env.js';
import { createProgram } from '../../src/cli/program.js';
import { createTerminal } from '../../src/cli/terminal.js';
import { parseWorkflow } from '../../src/definition/parse.js';
import { InvalidDefinitionError } from '../../src/definition/errors.js';
import { anchorsOf, blocksOf, pages, placeOf, type Block } from './markdown.js';
import { Shell } from './shell.js';

const allPages = await pages();
const all = (await Promise.all(allPages.map(blocksOf))).flat();
const named = (blocks: readonly Block[]) => blocks.map((block) => [placeOf(block), block] as const);

describe('documents', () => {
  const isDocument = ({ language, text }: Block): boolean => {
    if (language !== 'json' && language !== 'yaml') return false;
    const value: unknown = language === 'json' ? JSON.parse(text) : parseYaml(text);
    return typeof value === 'object' && value !== null && ('steps' in value || 'definition' in value);
  };
  const documents = all.filter(isDocument);

  test('are in the pages at all', () => expect(documents.length).toBeGreaterThan(10));

  test.each(named(documents))('%s is valid, unless it is there to show an error', (_place, { language, text, words }) => {
    const read = () => parseWorkflow(text, { format: language === 'json' ? 'json' : 'yaml' });
    if (words.includes('invalid')) expect(read).toThrow(InvalidDefinitionError);
    else expect(read().problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  });
});

describe('with a shell', () => {
  let shell: Shell;
  beforeAll(async () => {
    shell = await Shell.open();
  });
  afterAll(async () => shell.close());

  test('TypeScript samples have the right types', { timeout: 300_000 }, async () => {
    const samples = all.filter(({ language }) => language === 'ts');
    expect(samples.length).toBeGreaterThan(4);
    const files = samples.map((block) => `${block.page.replace(/\W/g, '-')}-${block.line}.mts`);
    await Promise.all(samples.map((block, index) => shell.write(files[index] as string, block.text)));
    await shell.write('tsconfig.json', JSON.stringify({ compilerOptions: COMPILER, files }));
    const { code, output } = await shell.run(`node '${join(process.cwd(), 'node_modules/typescript/bin/tsc')}' -p .`);
    expect(output).toBe('');
    expect(code).toBe(0);
  });

  const unrun = all.filter(({ language, words }) => language === 'sh' && words.includes('no-run'));
  const commands = unrun.flatMap((block) =>
    block.text.split('\n').flatMap((line) => line.split('&&')).map((line) => [placeOf(block), line.trim()] as const),
  );
  const ours = commands.filter(([, command]) => command.startsWith('distri-workflow '));
  const scripts = commands.flatMap(([place, command]) => {
    const script = /^npm (?:run ([\w:]+)|test)/.exec(command);
    return script === null ? [] : [[place, script[1] ?? 'test'] as const];
  });

  const GROUPS = ['runs', 'db', 'tokens', 'connections', 'storage'];

  test.each(ours)('%s: the command takes the flags of `%s`', async (_place, command) => {
    const words = command.split(/\s+/).slice(1);
    const names = words.filter((word) => /^[a-z][a-z-]*$/.test(word)).slice(0, words.some((word) => GROUPS.includes(word)) ? 2 : 1);
    const { code, output } = await shell.run(`distri-workflow ${names.join(' ')} --help`);
    expect(code).toBe(0);
    for (const flag of words.filter((word) => /^--[a-z]/.test(word))) expect(output).toContain(flag);
  });

  test.each(scripts)('%s: package.json has the script %s', async (_place, script) => {
    const { scripts: known } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: { [name: string]: string } };
    expect(Object.keys(known)).toContain(script);
  });
});

const COMPILER = {
  target: 'ES2022',
  lib: ['ES2023'],
  module: 'NodeNext',
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  noUncheckedIndexedAccess: true,
  types: ['node'],
  typeRoots: [join(process.cwd(), 'node_modules/@types')],
};

describe('links', () => {
  test.each([...allPages, 'CHANGELOG.md'])('of %s lead to files and headings that are there', async (page) => {
    const text = (await readFile(page, 'utf8')).replace(/```[\s\S]*?\n```/g, '');
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      expect(existsSync(file), `${page} links to ${target}`).toBe(true);
      if (anchor !== undefined) expect([...anchorsOf(await readFile(file, 'utf8'))], `${page} links to ${target}`).toContain(anchor);
    }
  });
});

test('docs/cli.md and the pages that it names tell of every command and flag', async () => {
  const texts = await Promise.all(['cli', 'connections', 'operations'].map(async (page) => readFile(`docs/${page}.md`, 'utf8')));
  const text = texts.join('\n');
  const visit = (command: Command): void => {
    for (const { long } of command.options) if (long !== '--version') expect(text, `${command.name()} ${long}`).toContain(long);
    for (const below of command.commands) {
      expect(text, `the command ${below.name()}`).toMatch(new RegExp(`\\b${below.name()}\\b`));
      visit(below);
    }
  };
  const environment = readEnvironment({});
  visit(createProgram(environment, createTerminal(true), () => undefined));
});

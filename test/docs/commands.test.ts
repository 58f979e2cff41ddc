import pino from 'pino';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { startEmbedded } from '../../src/cli/embedded.js';
import { findFreePort } from '../../src/cli/find-port.js';
import { createWorker } from '../../src/worker/index.js';
import { blocksOf, pages, placeOf, titleOf, type Block } from './markdown.js';
import { Shell, type Ended } from './shell.js';

function expectedCode({ words }: Block): number {
  return Number(words.find((word) => word.startsWith('exit='))?.slice('exit='.length) ?? 0);
}

/** Every line of the shown output, `…` standing for anything, is in what was printed, in that order. */
function expectShown(block: Block, printed: string): void {
  const lines = block.text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && line !== '…');
  const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+');
  const pattern = lines.map((line) => line.split('…').map(escaped).join('.*')).join('[\\s\\S]*');
  expect(printed, `${placeOf(block)} shows what is not printed`).toMatch(new RegExp(pattern));
}

async function runSample(shell: Shell, block: Block): Promise<Ended> {
  const options = { module: ModuleKind.ESNext, target: ScriptTarget.ES2022 };
  const file = `sample-${block.line}.mjs`;
  await shell.write(file, transpileModule(block.text, { compilerOptions: options }).outputText);
  return shell.run(`node ${file}`);
}

const isRun = ({ language, words }: Block) =>
  (language === 'sh' && !words.includes('no-run')) || (language === 'ts' && words.includes('run'));

/** A page that starts a server of its own; the others use the one that runs here, to save a start for each command. */
const isAlone = ({ words }: Block) => words.includes('background') || words.includes('alone');

const all = await Promise.all((await pages()).map(async (page) => ({ page, blocks: await blocksOf(page) })));

let address = '';
let stop: () => Promise<void>;
beforeAll(async () => {
  const server = await startEmbedded({ memory: true, ui: false });
  const worker = await createWorker({
    address: server.address,
    workflowBundle: { codePath: inject('workflowBundlePath') },
    logger: pino({ level: 'silent' }),
  });
  const ended = worker.run();
  address = server.address;
  stop = async () => {
    await worker.shutdown();
    await ended;
    await server.stop();
  };
});
afterAll(() => stop());

describe('The commands and samples of', () => {
  const pagesThatRun = all.filter(({ blocks }) => blocks.some(isRun));
  test.concurrent.each(pagesThatRun)('$page do what the page says', { timeout: 300_000 }, async ({ blocks }) => {
    const shell = await Shell.open(blocks.some(isAlone) ? {} : { TEMPORAL_ADDRESS: address });
    try {
      await runPage(shell, blocks);
      for (const { code, output } of await shell.endBackground()) expect(code, `in the background it printed\n${output}`).toBe(0);
    } finally {
      await shell.close();
    }
  });
});

/** The ports that pages name may be taken on this machine. */
async function withFreePorts(blocks: readonly Block[]): Promise<Block[]> {
  const free = new Map<string, string>();
  for (const port of ['4400', '7234', '8080', '9464']) free.set(port, String(await findFreePort('127.0.0.1')));
  return blocks.map((block) => ({ ...block, text: block.text.replace(/\b(4400|7234|8080|9464)\b/g, (port) => free.get(port) ?? port) }));
}

async function runPage(shell: Shell, blocks: readonly Block[]): Promise<void> {
  let printed = '';
  for (const block of await withFreePorts(blocks)) {
    const title = titleOf(block);
    if (title !== undefined) await shell.write(title, block.text);
    if (block.language === 'text' && block.words.includes('output')) expectShown(block, printed);
    if (!isRun(block)) continue;
    if (block.words.includes('background')) {
      await shell.start(block.text);
      continue;
    }
    const ended = block.language === 'sh' ? await shell.run(block.text) : await runSample(shell, block);
    printed = ended.output;
    expect(ended.code, `${placeOf(block)} printed\n${ended.output}`).toBe(expectedCode(block));
  }
}

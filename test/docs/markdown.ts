import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** A fenced block of a page: its language, the words after that, its text, and the line that it begins at. */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly words: readonly string[];
  readonly text: string;
}

/** The pages whose samples are checked, by path from the repository's root. */
export async function pages(): Promise<string[]> {
  const found = ['README.md', 'CONTRIBUTING.md'];
  for (const folder of ['docs', 'docs/how-to', 'docs/steps', 'docs/decisions']) {
    const files = await readdir(folder);
    found.push(...files.filter((file) => file.endsWith('.md')).sort().map((file) => join(folder, file)));
  }
  return found;
}

export async function blocksOf(page: string): Promise<Block[]> {
  const blocks: Block[] = [];
  let open: { line: number; info: string; text: string[] } | undefined;
  for (const [index, line] of (await readFile(page, 'utf8')).split('\n').entries()) {
    if (open === undefined) {
      if (line.startsWith('```')) open = { line: index + 1, info: line.slice(3).trim(), text: [] };
    } else if (line === '```') {
      const [language = '', ...words] = open.info.split(/\s+/);
      blocks.push({ page, line: open.line, language, words, text: `${open.text.join('\n')}\n` });
      open = undefined;
    } else {
      open.text.push(line);
    }
  }
  if (open !== undefined) throw new Error(`${page}:${open.line}: a block is never closed`);
  return blocks;
}

/** The file that a block stands for: ```` ```json title=pipeline.json ````. */
export function titleOf({ words }: Block): string | undefined {
  const title = words.find((word) => word.startsWith('title='))?.slice('title='.length);
  if (title !== undefined && title !== basename(title)) throw new Error(`${title} is not a plain file name`);
  return title;
}

/** How a block is called in the name of a test and in messages. */
export function placeOf({ page, line }: Block): string {
  return `${page}:${line}`;
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(text: string): Set<string> {
  const headings = text.replace(/```[\s\S]*?\n```/g, '').match(/^#+ .*$/gm) ?? [];
  const anchors = headings.map((heading) =>
    heading.replace(/^#+ /, '').toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'),
  );
  return new Set(anchors);
}

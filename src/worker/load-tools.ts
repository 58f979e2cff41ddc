import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DistriError } from '../definition/errors.js';
import type { Tool } from './tool.js';

const TYPESCRIPT = new Set(['.ts', '.mts', '.cts']);

/**
 * The tools of modules, JavaScript or TypeScript, whose default export is one tool or an array of them. A file is
 * loaded once in a process. The tools may have been made by another copy of this package.
 *
 * @throws DistriError `BAD_TOOLS_FILE` naming the file: it throws, exports no tools, or repeats a tool's name.
 */
export async function loadTools(files: readonly string[]): Promise<Tool[]> {
  const fileOf = new Map<string, string>();
  const tools: Tool[] = [];
  for (const file of files) {
    for (const tool of toolsOf(file, await load(file))) {
      const other = fileOf.get(tool.name);
      if (other !== undefined) throw bad(file, `its tool '${tool.name}' has the name of another in ${other}: rename one`);
      fileOf.set(tool.name, file);
      tools.push(tool);
    }
  }
  return tools;
}

async function load(file: string): Promise<unknown> {
  const path = resolve(file);
  try {
    if (!TYPESCRIPT.has(extname(path))) return await import(pathToFileURL(path).href);
    const { createJiti } = await import('jiti');
    return await createJiti(import.meta.url).import(path);
  } catch (cause) {
    throw bad(file, cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause), cause);
  }
}

function toolsOf(file: string, module: unknown): Tool[] {
  const exported = typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined;
  if (exported === undefined) throw bad(file, 'it has no default export: write `export default [defineTool({ … })]`');
  const list: unknown[] = Array.isArray(exported) ? exported : [exported];
  return list.map((value, index) => {
    if (isTool(value)) return value;
    throw bad(file, `${Array.isArray(exported) ? `element ${index} of its` : 'its'} default export is no tool: make it with defineTool({ … })`);
  });
}

function isTool(value: unknown): value is Tool {
  if (typeof value !== 'object' || value === null) return false;
  const { name, skill, maxAttempts, execute } = value as Partial<Tool>;
  return typeof name === 'string' && typeof skill === 'string' && typeof maxAttempts === 'number' && typeof execute === 'function';
}

function bad(file: string, reason: string, cause?: unknown): DistriError {
  return new DistriError('BAD_TOOLS_FILE', `The tools file ${file} cannot be loaded: ${reason}`, { cause });
}

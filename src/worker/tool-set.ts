import { createHash } from 'node:crypto';
import { DistriError } from '../definition/errors.js';
import type { JsonValue } from '../definition/json.js';
import type { ToolEntry } from '../definition/messages.js';
import type { Tool } from './tool.js';

/**
 * The tools of one worker by name. A tool with an `alias` (an MCP tool `files.read` has `read`) is also found by it,
 * unless another tool has the same name or alias.
 *
 * @throws DistriError `BAD_TOOLS_FILE` when two tools have the same name.
 */
export class ToolSet {
  readonly #byName = new Map<string, Tool>();

  constructor(tools: readonly Tool[]) {
    for (const tool of tools) {
      if (this.#byName.has(tool.name)) {
        throw new DistriError('BAD_TOOLS_FILE', `Two tools have the name '${tool.name}': rename one of them`);
      }
      this.#byName.set(tool.name, tool);
    }
    for (const [alias, tool] of uniqueAliases(tools)) {
      if (!this.#byName.has(alias)) this.#byName.set(alias, tool);
    }
  }

  get(name: string): Tool | undefined {
    return this.#byName.get(name);
  }

  /** Every name that finds a tool, aliases too. */
  names(): string[] {
    return [...this.#byName.keys()];
  }

  /** The skills that the tools need, each once. */
  skills(): string[] {
    return [...new Set([...this.#byName.values()].map((tool) => tool.skill))];
  }

  /** What the catalogue says of the tools: one entry per name that finds one. */
  entries(): ToolEntry[] {
    return [...this.#byName].map(([name, tool]) => toolEntry(name, tool));
  }
}

function uniqueAliases(tools: readonly Tool[]): Map<string, Tool> {
  const found = new Map<string, Tool | undefined>();
  for (const tool of tools) {
    if (tool.alias !== undefined) found.set(tool.alias, found.has(tool.alias) ? undefined : tool);
  }
  return new Map([...found].filter((entry): entry is [string, Tool] => entry[1] !== undefined));
}

function toolEntry(name: string, tool: Tool): ToolEntry {
  const described = {
    ...(tool.description !== undefined && { description: tool.description }),
    skill: tool.skill,
    ...(tool.inputSchema !== undefined && { input_schema: tool.inputSchema as JsonValue }),
    ...(tool.outputSchema !== undefined && { output_schema: tool.outputSchema as JsonValue }),
  };
  return { name, ...described, hash: createHash('sha256').update(JSON.stringify(described)).digest('hex') };
}

import { DistriError } from '../definition/errors.js';
import type { McpSpec } from './mcp-server.js';
import type { Tool } from './tool.js';

export type { McpSpec };

/**
 * Connects to MCP servers and gives their tools as `NAME.tool`, with `tool` as the alias. A connection that is lost is
 * made anew at the next call. `close` ends the servers that were started as commands.
 *
 * @throws DistriError `BAD_MCP_SERVER` with the server's command, the reason and the end of its error output.
 */
export async function connectMcp(specs: readonly McpSpec[]): Promise<{ tools: Tool[]; close(): Promise<void> }> {
  if (specs.length === 0) return { tools: [], close: async () => undefined };
  // The client of MCP servers takes long to load, and most workers have none.
  const { McpServer } = await import('./mcp-server.js');
  const servers = specs.map((spec) => new McpServer(spec));
  const close = async () => void (await Promise.all(servers.map((server) => server.close())));
  const listed = await Promise.allSettled(servers.map((server) => server.tools()));
  const refused = listed.find((result) => result.status === 'rejected');
  if (refused) {
    await close();
    throw refused.reason;
  }
  return { tools: listed.flatMap((result) => (result.status === 'fulfilled' ? result.value : [])), close };
}

/**
 * A server as the command line names it: `NAME=command args…` or `NAME=https://…`.
 *
 * @throws DistriError `USAGE`.
 */
export function parseMcpFlag(flag: string): { name: string; target: string } {
  const [, name, target] = /^([\w-]+)=\s*(\S[\s\S]*)$/.exec(flag) ?? [];
  if (name !== undefined && target !== undefined) return { name, target: target.trimEnd() };
  throw new DistriError('USAGE', `An MCP server is given as NAME='command args' or NAME=URL, not as '${flag}'`, {
    hint: "NAME holds letters, digits, '_' and '-'; its tools are called NAME.tool.",
  });
}

import type { Command } from 'commander';
import { collect } from '../values.js';

/** The flags that say what a worker can do. */
export interface WorkerFlags {
  tools?: string[];
  mcp?: string[];
  mcpEnv?: string[];
  connections?: string;
  workflows?: string;
}

/** Adds the flags of {@link WorkerFlags}. */
export function addWorkerFlags(command: Command): Command {
  return command
    .option('--tools <file>', 'module whose default export is a list of tools; repeatable', collect)
    .option('--mcp <name=server>', "MCP server, NAME='command args' or NAME=URL; repeatable", collect)
    .option('--mcp-env <name=value>', 'variable for the MCP servers that are commands; repeatable', collect)
    .option('--connections <file>', 'connections file (default: DISTRI_CONNECTIONS, connections.json in the folder)')
    .option('--workflows <folder>', 'documents that workflow steps may run by their id (default: DISTRI_WORKFLOWS)');
}

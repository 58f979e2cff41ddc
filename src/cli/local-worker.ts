import { join } from 'node:path';
import { pino } from 'pino';
import {
  connectMcp,
  createDataConverter,
  createWorker,
  FileConnections,
  FolderWorkflows,
  loadTools,
  modelFromEnv,
  parseMcpFlag,
  type Tool,
  type WorkerOptions,
} from '../worker/index.js';
import type { Cleanup } from './cleanup.js';
import type { WorkerFlags } from './commands/worker-flags.js';
import { connectionsFile } from './connections/path.js';
import type { Context } from './context.js';
import { UsageError } from './errors.js';
import type { Server } from './server.js';
import { assignments } from './values.js';

/** Somebody waits at the terminal; what is still running then is handed back and done again later. */
const GRACE_SECS = 2;

/** The tools of the files and MCP servers of the flags; servers that are commands end with this one. */
async function gatherTools(flags: WorkerFlags, cleanup: Cleanup): Promise<Tool[]> {
  const env = assignments('--mcp-env', flags.mcpEnv);
  const specs = (flags.mcp ?? []).map((flag) => ({ ...parseMcpFlag(flag), env }));
  const tools = await loadTools(flags.tools ?? []);
  const servers = await connectMcp(specs);
  cleanup.add(() => servers.close());
  return [...tools, ...servers.tools];
}

/** What the flags and the environment say about a worker. */
export async function workerOptions(context: Context, flags: WorkerFlags, cleanup: Cleanup): Promise<WorkerOptions> {
  const { variables, scriptUser, httpPrivate, httpProxy } = context.environment;
  const model = modelFromEnv(variables);
  const workflows = flags.workflows ?? context.environment.workflowsFolder;
  return {
    tools: await gatherTools(flags, cleanup),
    connections: new FileConnections(connectionsFile(context, flags.connections)),
    ...(workflows !== undefined && { workflows: await folderOf(workflows) }),
    ...(model && { model }),
    ...(scriptUser !== undefined && { scriptUser }),
    ...(httpPrivate !== undefined && { httpPrivate: allowOrDeny(httpPrivate) }),
    ...(httpProxy !== undefined && { httpProxy }),
  };
}

/** Refuses a folder that is not there before anything is started. */
async function folderOf(path: string): Promise<FolderWorkflows> {
  const folder = new FolderWorkflows(path);
  await folder.get('');
  return folder;
}

/** A typing error must not open what was meant to be closed. */
function allowOrDeny(value: string): 'allow' | 'deny' {
  if (value === 'allow' || value === 'deny') return value;
  throw new UsageError(`DISTRI_HTTP_PRIVATE is '${value}': allow or deny is expected`);
}

/**
 * Starts a worker in this process, for all skills. It logs to `worker.log` in the folder, to leave the terminal alone.
 * The answer settles when the worker ends, and rejects when it breaks down.
 */
export async function startLocalWorker(
  context: Context,
  server: Server,
  options: WorkerOptions,
  cleanup: Cleanup,
): Promise<{ ended: Promise<void> }> {
  const logger = pino(pino.destination({ dest: workerLog(context), mkdir: true, mode: 0o600, sync: true }));
  const worker = await createWorker({
    ...options,
    ...server.temporal,
    dataConverter: createDataConverter(server.data),
    skills: 'all',
    logger,
    shutdownGraceSecs: GRACE_SECS,
  });
  cleanup.add(() => worker.shutdown());
  const ended = worker.run();
  ended.catch(() => undefined);
  return { ended };
}

/** Where the worker of `run` and `dev` logs. */
export function workerLog({ folder }: Context): string {
  return join(folder, 'worker.log');
}

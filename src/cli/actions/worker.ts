import { messageOf } from '../../definition/text.js';
import { createDataConverter, createWorker, type Deployment, type WorkerOptions } from '../../worker/index.js';
import { withCleanup, type Cleanup } from '../cleanup.js';
import type { WorkerCommandFlags } from '../commands/worker.js';
import type { Context } from '../context.js';
import { EXIT, UsageError } from '../errors.js';
import { listenForInterrupt, untilAborted } from '../interrupt.js';
import { usesFile } from '../connections/path.js';
import { workerOptions } from '../local-worker.js';
import { openOAuth } from '../oauth.js';
import { hideKeys } from '../secret-files.js';
import { requireServer } from '../server.js';
import { graceSecs } from '../values.js';
import { withStore } from '../store-sources.js';
import { openConfiguredStore } from '../store.js';
import { startTracing } from '../tracing.js';

/** Who else may read them is for the operator to say. */
const METRICS_HOST = '127.0.0.1';

/** Serves skills until SIGTERM or SIGINT; running steps finish or are handed back. */
export async function worker(context: Context, flags: WorkerCommandFlags): Promise<number> {
  const skills = skillsOf(flags.skills);
  const metrics = metricsOf(flags);
  const deployment = deploymentOf(context, flags);
  const shutdownGraceSecs = graceOf(context, flags);
  hideKeys(process.env);
  return withCleanup(async (cleanup) => {
    const interrupt = listenForInterrupt();
    cleanup.add(async () => interrupt.release());
    const server = await requireServer(context);
    const traced = await startTracing(context, 'distri-worker', cleanup);
    const serving = await createWorker({
      ...(await optionsWithStore(context, flags, cleanup)),
      ...server.temporal,
      dataConverter: createDataConverter(server.data),
      skills,
      engine: flags.engine,
      ...traced,
      ...(metrics && { metrics }),
      ...(deployment && { deployment }),
      ...(shutdownGraceSecs !== undefined && { shutdownGraceSecs }),
    });
    cleanup.add(() => serving.shutdown());
    // It may have come while the worker was being made.
    untilAborted(interrupt.signal)
      .then(() => serving.shutdown())
      .catch(() => undefined);
    const ended = serving.run();
    announce(context, {
      temporal: server.address,
      namespace: server.namespace,
      identity: serving.identity,
      skills: serving.skills,
      engine: flags.engine,
      ...(deployment && { deployment_name: deployment.name, build_id: deployment.buildId }),
      ...(serving.metricsUrl !== undefined && { metrics: serving.metricsUrl }),
    });
    await ended;
    return EXIT.completed;
  });
}

/** With a database, the worker reads connections and workflows from it. */
async function optionsWithStore(context: Context, flags: WorkerCommandFlags, cleanup: Cleanup): Promise<WorkerOptions> {
  const { environment } = context;
  const { connections, ...options } = await workerOptions(context, flags, cleanup);
  if (environment.databaseUrl === undefined) return { ...options, connections };
  const store = await openConfiguredStore(context, {}, cleanup);
  const oauth = await openOAuth(environment);
  return withStore(usesFile(context, flags.connections) ? { ...options, connections } : options, { store, oauth });
}

function metricsOf({ metricsPort: port, metricsHost: host }: WorkerCommandFlags): { host: string; port: number } | undefined {
  if (port !== undefined) return { host: host ?? METRICS_HOST, port };
  if (host !== undefined) throw new UsageError('--metrics-host is given without --metrics-port', 'Give the port too, e.g. --metrics-port 9464.');
  return undefined;
}

function skillsOf(list: string): string[] | 'all' {
  const skills = list.split(',').map((skill) => skill.trim()).filter((skill) => skill !== '');
  if (skills.length === 0) throw new UsageError('--skills names no skill', 'Give skills with commas between them, or all.');
  return skills.includes('all') ? 'all' : skills;
}

/** A half of the two would silently be a worker without a version, which gets no work beside versioned ones. */
function deploymentOf({ environment }: Context, flags: WorkerCommandFlags): Deployment | undefined {
  const name = flags.deploymentName ?? environment.deploymentName;
  const buildId = flags.buildId ?? environment.buildId;
  if (name === undefined && buildId === undefined) return undefined;
  if (name !== undefined && buildId !== undefined) return { name, buildId };
  throw new UsageError(
    name === undefined ? 'There is a build id and no deployment name' : 'There is a deployment name and no build id',
    'Give both --deployment-name and --build-id, or neither.',
  );
}

function graceOf({ environment }: Context, flags: WorkerCommandFlags): number | undefined {
  const { shutdownGraceSecs: text } = environment;
  if (flags.shutdownGrace !== undefined || text === undefined) return flags.shutdownGrace;
  try {
    return graceSecs(text);
  } catch (error) {
    throw new UsageError(`DISTRI_SHUTDOWN_GRACE_SECS is '${text}'. ${messageOf(error)}`);
  }
}

interface Ready {
  temporal: string;
  namespace: string;
  identity: string;
  skills: readonly string[];
  engine: boolean;
  deployment_name?: string;
  build_id?: string;
  metrics?: string;
}

function announce({ terminal }: Context, ready: Ready): void {
  if (terminal.json) {
    terminal.print(JSON.stringify(ready));
    return;
  }
  const engine = ready.engine ? 'workflows and ' : '';
  terminal.print(`Worker ${ready.identity} serves ${engine}${ready.skills.join(', ')} at ${ready.temporal}, namespace ${ready.namespace}`);
  if (ready.build_id !== undefined) terminal.print(`Build ${ready.build_id} of ${ready.deployment_name}: it gets work once this build is current`);
  if (ready.metrics !== undefined) terminal.print(`Health and metrics: ${ready.metrics}`);
}

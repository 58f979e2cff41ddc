import { access } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type BundleOptions } from '@temporalio/worker';
import type { Tracing } from '../temporal/tracing.js';

/** What `Worker.create` takes as its `workflowBundle`. */
export type WorkflowBundle = { codePath: string } | { code: string };

/**
 * Packages that would work in the sandbox and must not be there: they weigh on every start and replay, and a new
 * version of one would change what old histories replay to. The SDK itself refuses its parts for other places.
 */
const REFUSED_PACKAGES = ['zod', 'ajv', 'ajv-formats', 'ai', 'yaml', 'undici', 'pino'];

type BundlerConfig = Parameters<NonNullable<BundleOptions['webpackConfigHook']>>[0];

/** What the bundler tells of an import that it is about to resolve. */
interface Import {
  request?: string;
  contextInfo?: { issuer: string };
}

function refused(request: string | undefined): boolean {
  if (request?.startsWith('node:')) return true;
  return REFUSED_PACKAGES.some((name) => request === name || request?.startsWith(`${name}/`));
}

function refusing(offenders: Set<string>, config: BundlerConfig): BundlerConfig {
  const look = ({ request, contextInfo }: Import): Promise<undefined> => {
    if (refused(request)) offenders.add(`'${request}' is imported by ${contextInfo?.issuer || 'the entry'}`);
    return Promise.resolve(undefined);
  };
  const others = config.externals ?? [];
  return { ...config, externals: [look, ...(Array.isArray(others) ? others : [others])] };
}

/** Sources are compiled for the same language level as the build has, and not lowered to the SDK's ES2017. */
function modernSources(config: BundlerConfig): BundlerConfig {
  for (const rule of config.module?.rules ?? []) {
    if (typeof rule !== 'object' || rule === null || typeof rule.use !== 'object' || !('options' in rule.use)) continue;
    const options: { jsc?: object } | string | undefined = rule.use.options;
    if (typeof options === 'object') options.jsc = { ...options.jsc, target: 'es2022' };
  }
  return config;
}

/** A module of the workflow code that lies beside the running code: TypeScript sources or their compiled form. */
function ownModule(name: string): string {
  const extension = extname(fileURLToPath(import.meta.url));
  return fileURLToPath(new URL(`../workflows/${name}${extension}`, import.meta.url));
}

/**
 * Bundles workflow code for the sandbox. The interpreter's modules are evaluated once for all runs of a worker, and not
 * once a run: they hold no state but the run's own, which hangs on its machine. Tracing adds its interceptors.
 * @throws Error naming each import that may not be in the sandbox, or with what the bundler said
 */
export async function bundleWorkflows(workflowsPath = ownModule('index'), tracing?: Tracing): Promise<string> {
  const offenders = new Set<string>();
  const said: string[] = [];
  const bundled = await bundleWorkflowCode({
    workflowsPath,
    preloadModules: [workflowsPath],
    workflowInterceptorModules: [ownModule('interceptors')],
    logger: new DefaultLogger('ERROR', ({ message }) => said.push(message)),
    webpackConfigHook: (config) => refusing(offenders, modernSources(config)),
    ...(tracing && { plugins: [tracing.plugin] }),
  }).catch((error: unknown) => ({ error }));
  if (offenders.size > 0) {
    throw new Error(`Workflow code must not load these modules (use \`import type\`):\n  ${[...offenders].join('\n  ')}`);
  }
  if (!('error' in bundled)) return bundled.code;
  throw new Error(`The workflow code cannot be bundled: ${String(bundled.error)}\n${said.join('\n')}`, { cause: bundled.error });
}

async function load(): Promise<WorkflowBundle> {
  const codePath = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));
  const built = await access(codePath).then(() => true, () => false);
  return built ? { codePath } : { code: await bundleWorkflows() };
}

let loaded: Promise<WorkflowBundle> | undefined;

/** The bundle that the build left beside the compiled code; without one, or with tracing in it, it is made, once in this process. */
export function workflowBundle(tracing?: Tracing): Promise<WorkflowBundle> {
  return (loaded ??= tracing === undefined ? load() : bundleWorkflows(undefined, tracing).then((code) => ({ code })));
}

import type { DistriClient, RerunOptions } from '../../client/index.js';
import { describeRerun } from '../../client/index.js';
import { dictionary, type JsonValue } from '../../definition/json.js';
import { withCleanup } from '../cleanup.js';
import type { RerunFlags } from '../commands/rerun.js';
import type { Context } from '../context.js';
import { readDocument } from '../document.js';
import { EXIT, UsageError } from '../errors.js';
import { openClient, requireServer } from '../server.js';
import { printJson } from '../terminal.js';
import { assignments, readInput, readJson } from '../values.js';

/** Runs a run again, or says what that would do. */
export async function rerun(context: Context, id: string, flags: RerunFlags): Promise<number> {
  const options = await readOptions(flags);
  return withCleanup(async (cleanup) => {
    const client = await openClient(context, await requireServer(context), cleanup);
    return flags.dryRun === true ? showPlan(context, client, id, options) : start(context, client, id, options);
  });
}

async function readOptions({ from, input, result, definition, env, runId }: RerunFlags): Promise<RerunOptions> {
  return {
    ...(from && { from }),
    ...(input !== undefined && (await readInput(input))),
    ...(result && { results: await readResults(result) }),
    ...(definition !== undefined && { definition: await readDocument(definition) }),
    ...(env && { env: assignments('--env', env) }),
    ...(runId !== undefined && { runId }),
  };
}

async function readResults(texts: readonly string[]): Promise<{ [stepId: string]: JsonValue }> {
  const results = dictionary<JsonValue>();
  for (const text of texts) {
    const at = text.indexOf('=');
    if (at < 1) throw new UsageError(`--result expects STEP=JSON, not '${text}'`);
    const step = text.slice(0, at);
    results[step] = await readJson(`--result ${step}`, text.slice(at + 1));
  }
  return results;
}

async function showPlan({ terminal }: Context, client: DistriClient, id: string, options: RerunOptions): Promise<number> {
  const plan = await client.rerun(id, { ...options, dryRun: true });
  if (terminal.json) printJson(terminal, plan);
  else terminal.print(describeRerun(plan));
  return EXIT.completed;
}

async function start({ terminal }: Context, client: DistriClient, id: string, options: RerunOptions): Promise<number> {
  const plan = await client.rerun(id, { ...options, dryRun: true });
  if (!terminal.json) terminal.say(describeRerun(plan));
  const run = await client.rerun(id, options);
  if (terminal.json) printJson(terminal, { run_id: run.id, rerun_of: id, run: plan.run, keep: plan.keep });
  else terminal.print(run.id);
  return EXIT.completed;
}

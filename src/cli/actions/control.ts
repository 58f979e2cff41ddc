import { confirm } from '@inquirer/prompts';
import type { BulkResult, DistriClient } from '../../client/index.js';
import type { CancelFlags, ManyFlags, RetryFlags, SkipFlags } from '../commands/control.js';
import { writeAddress } from '../address.js';
import { filterOf } from '../commands/filter-flags.js';
import type { Context } from '../context.js';
import { EXIT, UsageError } from '../errors.js';
import { printJson } from '../terminal.js';
import { readJson } from '../values.js';
import { plain } from '../view/text.js';
import { addressedStep, indexOption } from './step-address.js';
import { sayDone, sayEndedAlready, withClient } from './with-client.js';

/** Lets nothing new start in a run. */
export async function pauseRun(context: Context, id: string): Promise<number> {
  return withClient(context, async (client) => {
    await client.getRun(id).pause();
    return sayDone(context, { run_id: id, paused: true }, `Run ${id} is paused; \`distri-workflow runs resume\` lets it go on.`);
  });
}

/** Lets a paused run go on. */
export async function resumeRun(context: Context, id: string): Promise<number> {
  return withClient(context, async (client) => {
    await client.getRun(id).resume();
    return sayDone(context, { run_id: id, resumed: true }, `Run ${id} goes on.`);
  });
}

/** Skips a step, with a result when one is given. */
export async function skipStep(context: Context, id: string, step: string, { index, result }: SkipFlags): Promise<number> {
  const value = result === undefined ? undefined : await readJson('--result', result);
  return withClient(context, async (client) => {
    const address = await addressedStep(client, id, step, index);
    await client.getRun(id).skip(address.stepId, { ...indexOption(address), ...(value !== undefined && { result: value }) });
    const done = { run_id: id, step_id: address.stepId, ...indexOption(address), skipped: true };
    return sayDone(context, done, `Step ${plain(writeAddress(address))} of ${plain(id)} is skipped.`);
  });
}

/** Runs failed steps again: one, all of a run, or all of the runs that the flags choose. */
export async function retrySteps(
  context: Context,
  { id, step }: { id: string | undefined; step: string | undefined },
  flags: RetryFlags,
): Promise<number> {
  checkChoice('retry', id, flags);
  return withClient(context, async (client) => {
    if (id === undefined) return many(context, client, flags, 'Retry the failed steps of', 'retried', (ids) => client.retryRuns(ids));
    if (step === undefined) {
      const steps = await client.getRun(id).retryHeld();
      const said = steps.length === 0 ? `Run ${id} holds for no step: there is nothing to retry.` : `Running again: ${steps.map(plain).join(', ')}.`;
      return sayDone(context, { run_id: id, retried: steps }, said);
    }
    const address = await addressedStep(client, id, step, flags.index);
    await client.getRun(id).retry(address.stepId, indexOption(address));
    const done = { run_id: id, retried: [address.stepId], ...indexOption(address) };
    return sayDone(context, done, `Step ${plain(writeAddress(address))} of ${plain(id)} runs again.`);
  });
}

/** Asks one run to cancel, or all that the flags choose; it may take a moment until they have ended. */
export async function cancelRuns(context: Context, id: string | undefined, flags: CancelFlags): Promise<number> {
  checkChoice('cancel', id, flags);
  const { reason } = flags;
  return withClient(context, async (client) => {
    if (id === undefined) {
      return many(context, client, flags, 'Cancel', 'asked to cancel', (ids) => client.cancelRuns(ids, reason === undefined ? {} : { reason }));
    }
    const run = client.getRun(id);
    const ended = await sayEndedAlready(context, run, { cancel_requested: false });
    if (ended !== undefined) return ended;
    await run.cancel(reason);
    return sayDone(context, { run_id: id, cancel_requested: true }, `Asked ${id} to cancel.`);
  });
}

function checkChoice(command: string, id: string | undefined, flags: ManyFlags): void {
  const filters = Object.keys(filterOf(flags)).length > 0;
  if (id !== undefined && (filters || flags.all === true)) throw new UsageError(`runs ${command} takes a run id or filters, not both`);
  if (id === undefined && !filters && flags.all !== true) {
    throw new UsageError(`runs ${command} needs a run id, or filters such as --workflow ID`, 'Give --all for all open runs.');
  }
}

/** Says how many runs it is about, asks, and does it to exactly those. */
async function many(
  context: Context,
  client: DistriClient,
  flags: ManyFlags,
  what: string,
  done: string,
  act: (ids: readonly string[]) => Promise<BulkResult>,
): Promise<number> {
  const { terminal } = context;
  const ids: string[] = [];
  for await (const { run_id } of client.listRuns({ ...filterOf(flags), open: true })) ids.push(run_id);
  if (ids.length > 0 && flags.yes !== true) {
    const question = `${what} ${ids.length === 1 ? `run ${plain(ids[0] ?? '')}` : `${ids.length} runs`}?`;
    if (!terminal.interactive) throw new UsageError(`${question} Nobody is here to say so`, 'Give --yes when that is right.');
    if (!(await confirm({ message: question, default: false }, { output: process.stderr }))) return EXIT.completed;
  }
  const result = await act(ids);
  if (terminal.json) printJson(terminal, result);
  else sayResult(context, result, done);
  return result.failed.length === 0 ? EXIT.completed : EXIT.failed;
}

function sayResult({ terminal }: Context, { done, unchanged, failed }: BulkResult, how: string): void {
  const count = (list: readonly unknown[]): string => `${list.length} ${list.length === 1 ? 'run' : 'runs'}`;
  const rest = unchanged.length === 0 ? '' : `; nothing to do for ${unchanged.length}`;
  terminal.say(`${count(done)} ${how}${rest}${failed.length === 0 ? '.' : `; ${failed.length} failed:`}`);
  for (const { run_id, message } of failed) terminal.say(`  ${plain(run_id)}: ${plain(message)}`);
}

import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  continueAsNew,
  patched,
  proxyLocalActivities,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { ChildResult, DefinitionReport, FinalRecord, RunInput } from '../definition/messages.js';
import { wellFormed } from '../definition/text.js';
import { Bell } from './bell.js';
import { ExternalCheckpoints } from './checkpoints.js';
import { restore, type Carried } from './carry.js';
import { childRunIds } from './child-run-id.js';
import { ChildRuns } from './children.js';
import { TaskClock } from './clock.js';
import { Continuation } from './continuation.js';
import { currentDetails } from './details.js';
import { Inbox } from './inbox.js';
import { RunMachine } from './machine.js';
import { handleMessages } from './messages.js';
import { finalRecord, outputOfRecord, type RunIdentity } from './observe.js';
import { ParentLink } from './parent-link.js';
import { compilePlan } from './plan.js';
import { Requirements } from './requirements.js';
import { SearchAttributes } from './search-attributes.js';
import { showDefinition } from './show-definition.js';
import { cancel, failRun } from './steer.js';
import { StepActivities } from './step-activities.js';
import { Timers } from './timers.js';
import { Undecided } from './undecided.js';
import { Work } from './work.js';

interface EngineActivities {
  check_definition(input: Partial<RunInput>): Promise<DefinitionReport>;
  final_snapshot(record: FinalRecord): Promise<FinalRecord>;
}

const engine = proxyLocalActivities<EngineActivities>({ startToCloseTimeout: '1 minute' });

/** A run this close to Temporal's limit of 51,200 events or 50 MB ends while it still can say why. */
const MOST_EVENTS = 40_000;
const MOST_BYTES = 40_000_000;

/**
 * Interprets any Distri document: the one workflow type of all runs. Its result is the run's final record. Whoever starts
 * it without our client may give it anything.
 */
export async function distriWorkflow(given?: RunInput | null): Promise<FinalRecord | ChildResult> {
  const input = given?.definition_hash === undefined ? { ...given, ...(await engine.check_definition({ ...given })) } : given;
  const { workflowId: runId, startTime } = workflowInfo();
  const identity: RunIdentity = {
    runId,
    definitionHash: input.definition_hash ?? '',
    ...(input.rerun_of ? { rerunOf: input.rerun_of } : {}),
    ...(input.migrations ? { migrations: input.migrations } : {}),
    ...(input.parent ? { parentRunId: input.parent.run_id } : {}),
  };
  const machine = new RunMachine(compilePlan(input.definition, input.entry_point), {
    ...(input.input ? { input: input.input } : {}),
    ...(input.env ? { env: input.env } : {}),
    ...(input.seed ? { seed: input.seed } : {}),
    ...(input.storage ? { sharesValues: true } : {}),
    childRunId: childRunIds(runId),
    patched,
  });
  const bell = new Bell();
  const clock = new TaskClock();
  machine.now = startTime.getTime();
  if (input.carried) restore(machine, input.carried as unknown as Carried);
  else for (const warning of input.warnings ?? []) machine.warn(warning);
  const inbox = new Inbox();
  const children = new ChildRuns(machine, input, bell, clock);
  const parent = new ParentLink(machine, input.parent, runId, bell);
  const undecided = new Undecided();
  handleMessages(machine, identity, { inbox, bell, clock, children, parent, undecided, storage: input.storage === true });
  showDefinition(input);
  const canceled = CancellationScope.current().cancelRequested;
  const work = new Work();
  const next = await work.lead(() => drive(machine, identity, { input, canceled, inbox, bell, clock, work, children, parent, undecided }));
  if (next) return continueAsNew<typeof distriWorkflow>(next);
  const record = finalRecord(machine, identity, input.storage === true);
  return input.parent ? concludeChild(machine, record, parent, input.storage === true) : conclude(machine, record);
}

interface Driving {
  /** Rejects when the run is to be canceled. */
  readonly canceled: Promise<never>;
  readonly inbox: Inbox;
  readonly bell: Bell;
  readonly clock: TaskClock;
  readonly work: Work;
  readonly input: RunInput;
  readonly children: ChildRuns;
  readonly parent: ParentLink;
  readonly undecided: Undecided;
}

/**
 * Drives the machine from wake to wake until the run is over, or until it is to continue as new with what this gives.
 * The first turn follows a local activity, which a replay sees end at another time and another length of the history
 * than the run did: nothing in it depends on either, and what the run is told meanwhile waits until it is over.
 */
async function drive(
  machine: RunMachine,
  identity: RunIdentity,
  { input, canceled, inbox, bell, clock, work, children, parent, undecided }: Driving,
): Promise<RunInput | undefined> {
  work.outOfTime = () => {
    failRun(machine, { code: 'RUN_CANCELED', message: 'The steps that run always took too long after the cancel' });
    bell.ring();
  };
  canceled.catch(() => {
    inbox.take(() => {
      machine.now = clock.now();
      cancel(machine);
      work.cancel();
      bell.ring();
    });
  });
  const requirements = new Requirements(machine, work, bell, clock, input.owner);
  const activities = new StepActivities(machine, bell, clock, children, input);
  const checkpoints = new ExternalCheckpoints(machine, identity, bell, clock, input.storage === true);
  const timers = new Timers(machine, work, bell, clock);
  const attributes = new SearchAttributes(input.search_attributes === true, input.carried !== undefined);
  const continuation = new Continuation(machine, input);
  await requirements.checkAll();
  if (!input.carried) machine.start();
  for (let first = true; ; first = false) {
    bell.rest();
    if (!first) {
      machine.now = clock.now();
      if (isFull(machine)) checkpoints.giveUp('the history of the run is full');
    }
    machine.advance();
    const decided = !first && undecided.decide();
    if (decided) machine.advance();
    const settled = checkpoints.idle && children.settled && parent.settled;
    const next = first || decided ? undefined : continuation.due(settled);
    if (next) return parent.passOn(next);
    work.within(() => {
      const left = activities.startDue();
      children.followUp();
      requirements.followUp();
      checkpoints.saveNew(left);
      timers.keep();
    });
    // Commands that cancel something come before the search attributes, as in the histories that there are.
    if (machine.over || attributes.differ(machine)) await work.settled();
    // What an update was answered leaves with the workflow task only when it is a command before the run ends.
    if (decided) await settledPromises();
    if (machine.over && checkpoints.settled && children.settled) break;
    parent.report();
    attributes.show(machine);
    setCurrentDetails(currentDetails(machine));
    if (first) inbox.open();
    if (first && undecided.any) bell.ring();
    await bell.heard();
  }
  requirements.stop();
  children.stop();
  machine.now = clock.now();
  machine.end();
  attributes.show(machine);
  setCurrentDetails(currentDetails(machine));
  return undefined;
}

/** Ends the workflow as the run ended, so that the Temporal Web UI tells the truth without knowing us. */
async function conclude(machine: RunMachine, record: FinalRecord): Promise<FinalRecord> {
  switch (machine.status) {
    case 'canceled':
      await CancellationScope.nonCancellable(() => engine.final_snapshot(record));
      throw new CancelledFailure('The run was canceled');
    case 'failed':
      throw failureOf(machine, record);
    default:
      return record;
  }
}

/**
 * As `conclude`, for a child: its record stays in its own history, and its parent gets the output or the failure alone,
 * from Temporal or, when that does not know the parent any more, by a signal.
 */
async function concludeChild(machine: RunMachine, record: FinalRecord, parent: ParentLink, storage: boolean): Promise<ChildResult> {
  const { run_id } = record.snapshot;
  await CancellationScope.nonCancellable(() => engine.final_snapshot(record));
  const { status } = machine;
  if (status === 'completed') {
    const result = outputOfRecord(machine, record, storage);
    await parent.end({ run_id, status, ...result });
    return result;
  }
  const failure = failureOf(machine);
  const ended = status === 'canceled' ? status : 'failed';
  await parent.end({ run_id, status: ended, code: failure.type ?? 'INTERNAL', message: failure.message });
  if (status === 'canceled') throw new CancelledFailure('The run was canceled');
  throw failure;
}

function failureOf(machine: RunMachine, record?: FinalRecord): ApplicationFailure {
  const { code, message, step } = machine.failure ?? { code: 'INTERNAL' as const, message: 'The run failed' };
  const id = step === undefined ? undefined : machine.plan.steps[step]?.id;
  return ApplicationFailure.create({
    type: code,
    message: wellFormed(id === undefined ? message : `Step '${id}' failed: ${message}`),
    nonRetryable: true,
    ...(record ? { details: [record] } : {}),
  });
}

/** Waits until promises that have been kept have had their effect, and those behind them. */
async function settledPromises(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

/** A run whose history is full fails. */
function isFull(machine: RunMachine): boolean {
  const { historyLength, historySize } = workflowInfo();
  if (historyLength < MOST_EVENTS && historySize < MOST_BYTES) return false;
  failRun(machine, {
    code: 'HISTORY_FULL',
    message:
      `The run's history has ${historyLength} events and ${historySize} bytes, near Temporal's limit. ` +
      'Split the document into several, and give its steps input mappings so that they are not sent the whole context. ' +
      'What has come together must also fit one payload: give client and workers a payload folder (--payload-dir).',
  });
  return true;
}

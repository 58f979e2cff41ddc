import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  continueAsNew,
  proxyLocalActivities,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { DefinitionReport, FinalRecord, RunInput } from '../definition/messages.js';
import { wellFormed } from '../definition/text.js';
import { Bell } from './bell.js';
import { ExternalCheckpoints } from './checkpoints.js';
import type { Carried } from './carry.js';
import { TaskClock } from './clock.js';
import { Continuation } from './continuation.js';
import { currentDetails } from './details.js';
import { Inbox } from './inbox.js';
import { RunMachine } from './machine.js';
import { handleMessages } from './messages.js';
import { finalRecord, type RunIdentity } from './observe.js';
import { compilePlan } from './plan.js';
import { Requirements } from './requirements.js';
import { SearchAttributes } from './search-attributes.js';
import { showDefinition } from './show-definition.js';
import { StepActivities } from './step-activities.js';
import { Timers } from './timers.js';
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
export async function distriWorkflow(given?: RunInput | null): Promise<FinalRecord> {
  const input = given?.definition_hash === undefined ? { ...given, ...(await engine.check_definition({ ...given })) } : given;
  const { workflowId: runId, startTime } = workflowInfo();
  const identity: RunIdentity = {
    runId,
    definitionHash: input.definition_hash ?? '',
    ...(input.rerun_of ? { rerunOf: input.rerun_of } : {}),
    ...(input.migrations ? { migrations: input.migrations } : {}),
  };
  const machine = new RunMachine(compilePlan(input.definition, input.entry_point), {
    ...(input.input ? { input: input.input } : {}),
    ...(input.env ? { env: input.env } : {}),
    ...(input.seed ? { seed: input.seed } : {}),
  });
  const bell = new Bell();
  const clock = new TaskClock();
  machine.now = startTime.getTime();
  if (input.carried) machine.restore(input.carried as unknown as Carried);
  const inbox = new Inbox();
  handleMessages(machine, identity, { inbox, bell, clock });
  showDefinition(input);
  const canceled = CancellationScope.current().cancelRequested;
  const work = new Work();
  const next = await work.lead(() => drive(machine, identity, { input, canceled, inbox, bell, clock, work }));
  if (next) return continueAsNew<typeof distriWorkflow>(next);
  return conclude(machine, finalRecord(machine, identity, input.storage === true));
}

interface Driving {
  /** Rejects when the run is to be canceled. */
  readonly canceled: Promise<never>;
  readonly inbox: Inbox;
  readonly bell: Bell;
  readonly clock: TaskClock;
  readonly work: Work;
  readonly input: RunInput;
}

/**
 * Drives the machine from wake to wake until the run is over, or until it is to continue as new with what this gives.
 * The first turn follows a local activity, which a replay sees end at another time and another length of the history
 * than the run did: nothing in it depends on either, and what the run is told meanwhile waits until it is over.
 */
async function drive(
  machine: RunMachine,
  identity: RunIdentity,
  { input, canceled, inbox, bell, clock, work }: Driving,
): Promise<RunInput | undefined> {
  work.outOfTime = () => {
    machine.failRun({ code: 'RUN_CANCELED', message: 'The steps that run always took too long after the cancel' });
    bell.ring();
  };
  canceled.catch(() => {
    inbox.take(() => {
      machine.now = clock.now();
      machine.cancel();
      work.cancel();
      bell.ring();
    });
  });
  const requirements = new Requirements(machine, work, bell, clock);
  const activities = new StepActivities(machine, bell, clock, input.storage === true);
  const checkpoints = new ExternalCheckpoints(machine, identity, bell, clock);
  const timers = new Timers(machine, work, bell, clock);
  const attributes = new SearchAttributes(input.search_attributes === true, input.carried !== undefined);
  const continuation = new Continuation(machine, input);
  await requirements.checkAll();
  if (!input.carried) machine.start();
  for (let first = true; ; first = false) {
    bell.rest();
    if (!first) {
      machine.now = clock.now();
      checkHistory(machine);
    }
    machine.advance();
    const next = !first && checkpoints.settled ? continuation.due() : undefined;
    if (next) return next;
    work.within(() => {
      activities.startDue();
      requirements.followUp();
      checkpoints.saveNew();
      timers.keep();
    });
    // Commands that cancel something come before the search attributes, as in the histories that there are.
    if (machine.over || attributes.differ(machine)) await work.settled();
    if (machine.over && checkpoints.settled) break;
    attributes.show(machine);
    setCurrentDetails(currentDetails(machine));
    if (first) inbox.open();
    await bell.heard();
  }
  requirements.stop();
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

function failureOf(machine: RunMachine, record: FinalRecord): ApplicationFailure {
  const { code, message, step } = machine.failure ?? { code: 'INTERNAL' as const, message: 'The run failed' };
  const id = step === undefined ? undefined : machine.plan.steps[step]?.id;
  return ApplicationFailure.create({
    type: code,
    message: wellFormed(id === undefined ? message : `Step '${id}' failed: ${message}`),
    nonRetryable: true,
    details: [record],
  });
}

function checkHistory(machine: RunMachine): void {
  const { historyLength, historySize } = workflowInfo();
  if (historyLength < MOST_EVENTS && historySize < MOST_BYTES) return;
  machine.failRun({
    code: 'HISTORY_FULL',
    message:
      `The run's history has ${historyLength} events and ${historySize} bytes, near Temporal's limit. ` +
      'Split the document into several, and give its steps input mappings so that they are not sent the whole context.',
  });
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { ApplicationFailure } from '@temporalio/common';
import { DistriError, InvalidInputError, MigrationError, RunEndedError } from '../definition/errors.js';
import { definitionHash } from '../definition/hash.js';
import { dictionary, isObject } from '../definition/json.js';
import { UPDATES, type Migrate } from '../definition/messages.js';
import {
  describeMigration,
  planMigration,
  type MigrationDecisions,
  type MigrationPlan,
  type MigrationRequest,
  type MigrationState,
} from '../definition/migration.js';
import { isEnded, type RunSnapshot } from '../definition/snapshot.js';
import { describe } from './info.js';
import { startOf } from './retell.js';
import type { Session } from './session.js';
import { hasEnded, snapshotOf } from './snapshot.js';
import { checkedDefinition } from './start-request.js';
import { sendUpdate, type UpdateOptions } from './update.js';

export interface MigrateOptions extends UpdateOptions {
  /** What becomes of ended steps that do something else now, are gone, or depend on one that runs again. */
  decisions?: MigrationDecisions;
  /** Only plan. */
  dryRun?: boolean;
}

/** `applied`: the run goes on by the new definition already; else it does as soon as its running steps have ended. */
export interface MigrationOutcome {
  plan: MigrationPlan;
  applied: boolean;
}

/** How long to look whether a run goes on by its new definition. */
const PATIENCE_MS = 5_000;
const LOOK_MS = 100;

/** Plans the move of a live run to another definition, and makes it unless it is only planned. */
export async function migrateRun(session: Session, runId: string, document: unknown, options: MigrateOptions): Promise<MigrationOutcome> {
  const { decisions = {}, dryRun, ...update } = options;
  const described = await describe(session, runId);
  if (hasEnded(described)) throw new RunEndedError(runId);
  const before = await startOf(session, described.execution);
  if (before === undefined) throw new DistriError('RUN_NOT_FOUND', `What run '${runId}' was started with cannot be read`);
  const snapshot = await snapshotOf(session, runId);
  const definition = checkedDefinition(session, document, snapshot.workflow_id);
  const entryPoint = definition.entry_points?.find((candidate) => candidate.id === before.entry_point);
  checkNames(Object.keys(decisions), before.definition.steps, definition.steps);
  const ending = snapshot.error !== undefined;
  const plan = planMigration({ before: before.definition, after: definition, states: statesOf(snapshot), decisions, entryPoint, ending });
  if (dryRun === true) return { plan, applied: false };
  if (plan.verdict !== 'compatible') throw refusal(plan);
  const hash = definitionHash(definition);
  await sendUpdate<Migrate>(session, runId, {
    ...update,
    name: UPDATES.migrate,
    argument: { definition, definition_hash: hash, decisions },
    refused: ({ type, message, details }) => refused(type, message, details?.[0]),
    ended: () => new RunEndedError(runId),
  });
  return { plan, applied: await isApplied(session, runId, hash, snapshot.warnings.length) };
}

/** As the run itself sees its steps: one whose elements or child are open runs, also while all of them wait. */
function statesOf({ steps }: RunSnapshot): MigrationRequest['states'] {
  const states = dictionary<MigrationState>();
  for (const [id, step] of Object.entries(steps)) {
    const isOpen = (step.items !== undefined || step.child !== undefined) && (step.status === 'waiting_for_input' || step.status === 'blocked');
    states[id] = isOpen ? { ...step, status: 'running' } : step;
  }
  return states;
}

function checkNames(ids: readonly string[], ...steps: { id: string }[][]): void {
  const known = new Set(steps.flat().map((step) => step.id));
  const unknown = ids.find((id) => !known.has(id));
  if (unknown !== undefined) throw new InvalidInputError('UNKNOWN_STEP', `Neither definition has a step '${unknown}'`);
}

function refusal(plan: MigrationPlan): MigrationError {
  return new MigrationError(plan.verdict === 'refused' ? 'MIGRATION_REFUSED' : 'MIGRATION_UNDECIDED', describeMigration(plan), plan);
}

function refused(type: ApplicationFailure['type'], message: string, plan: unknown): MigrationError | undefined {
  if (type !== 'MIGRATION_REFUSED' && type !== 'MIGRATION_UNDECIDED') return undefined;
  return new MigrationError(type, message, isPlan(plan) ? plan : undefined);
}

function isPlan(value: unknown): value is MigrationPlan {
  return isObject(value) && typeof value.verdict === 'string' && Array.isArray(value.steps);
}

async function isApplied(session: Session, runId: string, hash: string, known: number): Promise<boolean> {
  for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(LOOK_MS)) {
    const snapshot = await snapshotOf(session, runId);
    if (snapshot.definition_hash === hash) return true;
    const givenUp = snapshot.warnings.slice(known).find(({ code }) => code === 'MIGRATION_GIVEN_UP');
    if (givenUp) throw new MigrationError('MIGRATION_REFUSED', givenUp.message, undefined);
    if (isEnded(snapshot.status) || Date.now() > deadline) return false;
  }
}

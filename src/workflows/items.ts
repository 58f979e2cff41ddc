import type { ChildSnapshot, ItemsSnapshot, StepStatus } from '../definition/snapshot.js';
import { dictionary } from '../definition/json.js';
import { cut } from '../definition/text.js';
import type { FanOut } from './fan-out.js';
import type { RunState } from './run-state.js';
import { jsonBytes } from './size.js';
import type { ChildState, MissingReasons, StepState } from './state.js';
import type { Unit } from './unit.js';

/** Elements that a list shows. */
const SHOWN = 100;
/** A hundred of them must fit the answer of a query. */
const LONGEST_MESSAGE = 1_000;
const LARGEST_SCHEMA = 4_096;

/** How a step stands for its observers: a fan-out and a child as those in them do. */
export function statusOf(run: RunState, { index, state }: Unit): StepStatus {
  const fan = run.fans.get(index);
  if (fan) return fan.status === 'running' ? runningOrAsChildren(fan) : fan.status;
  return seenStatus(state);
}

/** A step that runs a child stands as that does. */
function seenStatus({ status, child }: StepState): StepStatus {
  if (status !== 'running' || !child) return status;
  if (child.status === 'blocked') return 'blocked';
  return child.status === 'paused' && child.waiting ? 'waiting_for_input' : 'running';
}

/** Of elements that all are children that wait or are blocked. */
function runningOrAsChildren(fan: FanOut): StepStatus {
  let found: StepStatus | undefined;
  for (const { state } of fan.open.values()) {
    const status = seenStatus(state);
    if (status === 'running' || status === 'pending') return 'running';
    if (found !== 'waiting_for_input') found = status;
  }
  return found ?? 'running';
}

/** The skills that a step lacks, or elements or children of it. */
export function missingOf(run: RunState, { index, state }: Unit): string[] | undefined {
  const fan = run.fans.get(index);
  const skills = new Set(state.missing ?? state.child?.missing ?? []);
  for (const open of fan?.open.values() ?? []) for (const skill of open.state.missing ?? open.state.child?.missing ?? []) skills.add(skill);
  return skills.size > 0 ? [...skills].sort() : undefined;
}

/** Why the skills are missing that a step lacks, or elements of it; of those of its children their own runs tell. */
export function missingReasonsOf(run: RunState, { index, state }: Unit): MissingReasons | undefined {
  const reasons = Object.assign(dictionary<string>(), state.missingReasons);
  for (const open of run.fans.get(index)?.open.values() ?? []) {
    for (const [skill, reason] of Object.entries(open.state.missingReasons ?? {})) reasons[skill] ??= reason;
  }
  return Object.keys(reasons).length > 0 ? reasons : undefined;
}

/** How far the fan-out of a step has come; undefined when it is none, or has not begun. */
export function itemsOf(run: RunState, { index, state }: Unit): ItemsSnapshot | undefined {
  const fan = run.fans.get(index);
  if (!fan) return state.elements && { ...state.elements, running: 0 };
  const { open, waiting, blocked, held } = fan;
  const { failures, ...counts } = fan.summary();
  const heldAt = new Set([...held].map((unit) => unit.element));
  const children = take(open.values(), ({ state: { child } }) => child !== undefined);
  return {
    ...counts,
    running: open.size - waiting.size - blocked.size - held.size,
    ...(failures ? { failures: failures.map((failure) => (heldAt.has(failure.index) ? { ...failure, held: true } : failure)) } : {}),
    ...(waiting.size > 0 ? { waiting: take(waiting).map((unit) => waitingElement(run, unit)) } : {}),
    ...(waiting.size > SHOWN ? { waiting_total: waiting.size } : {}),
    ...(children.length > 0
      ? { children: children.map((unit) => ({ index: unit.element as number, ...childOf(unit.state.child as ChildState) })) }
      : {}),
  };
}

function waitingElement(run: RunState, unit: Unit): Required<ItemsSnapshot>['waiting'][number] {
  const { message = '', schema } = unit.state;
  const until = run.deadlines.get(unit.index);
  return {
    index: unit.element as number,
    message: cut(message, LONGEST_MESSAGE),
    ...(schema == null || jsonBytes(schema) > LARGEST_SCHEMA ? {} : { schema }),
    ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
  };
}

/** A child as observers see it. */
export function childOf({ run_id, status, missing, waiting }: ChildState): ChildSnapshot {
  return { run_id, status, ...(missing ? { missing } : {}), ...(waiting ? { waiting } : {}) };
}

function take(units: Iterable<Unit>, matches: (unit: Unit) => boolean = () => true): Unit[] {
  const taken: Unit[] = [];
  for (const unit of units) {
    if (taken.length >= SHOWN) break;
    if (matches(unit)) taken.push(unit);
  }
  return taken;
}

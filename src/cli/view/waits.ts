import type { JsonValue } from '../../definition/json.js';
import type { ChildSnapshot, WaitingChildStep } from '../../definition/snapshot.js';
import { writeAddress, type Address } from '../address.js';
import { exampleOf } from '../ask/example.js';
import type { RunView, StepView } from './run-view.js';
import { plain, shellWord } from './text.js';

/** A step, an element of one, or one of a child, that waits for an answer. */
export interface Wait extends Address {
  /** The run on which it is answered. */
  readonly runId: string;
  /** Of one in a child: the step of the watched run, and what its child's run id is followed by in `runId`. */
  readonly under?: Address & { readonly between: string };
  /** As people know it: `Label [3]`. */
  readonly title: string;
  readonly message: string;
  readonly schema?: JsonValue | undefined;
}

/** Names what waits, whoever tells of it. */
export function keyOf({ runId, stepId, index }: Wait): string {
  return JSON.stringify([runId, stepId, index ?? null]);
}

/** All that waits for an answer in a run and its children, as far as the run knows, in document order. */
export function waitsOf(view: RunView): Wait[] {
  return Object.values(view.steps).flatMap((step) => waitsOfStep(view.runId, step));
}

export function waitsOfStep(runId: string, step: StepView): Wait[] {
  const { id: stepId, label, items, child } = step;
  const waits: Wait[] = [];
  for (const [index, { message, schema }] of items?.waiting ?? []) {
    waits.push({ runId, stepId, index, title: `${label} [${index}]`, message, schema });
  }
  for (const [index, each] of items?.children ?? []) waits.push(...waitsOfChild(step, each, index));
  if (child !== undefined) waits.push(...waitsOfChild(step, child));
  const itself = step.status === 'waiting_for_input' && items === undefined && child === undefined;
  if (itself) waits.push({ runId, stepId, title: label, message: step.message ?? '', schema: step.schema });
  return waits;
}

function waitsOfChild(step: StepView, { run_id, waiting = [] }: ChildSnapshot, index?: number): Wait[] {
  const above = `${step.label}${index === undefined ? '' : ` [${index}]`}`;
  return waiting.map((inner) => ({
    ...placeOf(inner),
    under: { stepId: step.id, index, between: inner.run_id.startsWith(run_id) ? inner.run_id.slice(run_id.length) : '' },
    title: `${above} / ${inner.step_id}${inner.index === undefined ? '' : ` [${inner.index}]`}`,
    message: inner.message,
    schema: inner.schema,
  }));
}

function placeOf({ run_id: runId, step_id: stepId, index }: WaitingChildStep): Pick<Wait, 'runId' | 'stepId' | 'index'> {
  return { runId, stepId, index };
}

/** The command that answers it. */
export function answerCommand(wait: Wait): string {
  const answer = shellWord(JSON.stringify(exampleOf(wait.schema)));
  return `distri-workflow runs answer ${shellWord(plain(wait.runId))} ${shellWord(plain(writeAddress(wait)))} ${answer}`;
}

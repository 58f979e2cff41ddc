import { AnswerRefusedError, type Problem } from '../definition/errors.js';
import { mismatches } from '../definition/input-schema.js';
import { own, type JsonObject, type JsonValue } from '../definition/json.js';
import { formatPath } from '../definition/problems/path.js';
import type { StepKind, WorkflowStep } from '../definition/types.js';
import { innerDocument } from '../definition/unwrap.js';
import { elementIn, type Address } from './address.js';
import { UsageError } from './errors.js';
import type { GivenAnswer } from './given-answers.js';
import { readJson } from './values.js';

type Waiting = Extract<StepKind, { type: 'wait_for_input' }>;
type Steps = readonly Pick<WorkflowStep, 'id' | 'kind' | 'for_each'>[];

/** Whom a text before `=` names. `mayWait` is undefined for steps of a workflow that is known by its id only. */
interface Found {
  readonly path: readonly Address[];
  readonly mayWait: readonly Waiting[] | undefined;
  /** How much of the text it takes. */
  readonly length: number;
}

/**
 * `ADDRESS=JSON` texts, taken apart by the ids of the steps (which may hold `=`, `/` and `[0]` themselves). Throws
 * {@link UsageError}, and `AnswerRefusedError` for an answer that does not fit the schema of its step.
 */
export async function readAnswers(texts: readonly string[], steps: Steps): Promise<GivenAnswer[]> {
  const answers: GivenAnswer[] = [];
  for (const text of texts) {
    if (!text.includes('=')) throw new UsageError(`--answer expects STEP=JSON, not '${text}'`);
    const found = find(text, steps) ?? refuse(text, steps);
    const address = text.slice(0, found.length);
    if (answers.some((answer) => answer.address === address)) throw new UsageError(`--answer: step '${address}' is answered twice`);
    const value = await readJson(`--answer ${address}`, text.slice(found.length + 1), `--answer ${address}='"yes"'`);
    if (found.mayWait) checkAnswer(address, found.mayWait, value);
    answers.push({ address, path: found.path, value });
  }
  return answers;
}

/** The longest id wins, so that a step called `a[0]` comes before an element of `a`. */
function find(text: string, steps: Steps): Found | undefined {
  const matching = steps.filter(({ id }) => text.startsWith(id)).sort((a, b) => b.id.length - a.id.length);
  for (const step of matching) {
    const found = findAt(text, step);
    if (found) return found;
  }
  return undefined;
}

function findAt(text: string, { id: stepId, kind, for_each: forEach }: Steps[number]): Found | undefined {
  const rest = text.slice(stepId.length);
  const [element = '', position] = forEach == null ? [] : (/^\[(\d{1,9})\](?=[=/])/.exec(rest) ?? []);
  const address = position === undefined ? { stepId } : { stepId, index: Number(position) };
  const taken = stepId.length + element.length;
  if (text[taken] === '=') {
    const mayWait = waitsOf(kind);
    return mayWait.length === 0 ? undefined : { path: [address], mayWait, length: taken };
  }
  if (text[taken] !== '/') return undefined;
  for (const child of childrenOf(kind)) {
    const inner = text.slice(taken + 1);
    const found = child === 'by id' ? unknownSteps(inner) : find(inner, child);
    if (found) return { path: [address, ...found.path], mayWait: found.mayWait, length: taken + 1 + found.length };
  }
  return undefined;
}

/** `a/b[1]` in a workflow of which only the id is known. */
function unknownSteps(text: string): Found | undefined {
  const length = text.indexOf('=');
  const path = text.slice(0, length).split('/').map((part): Address => elementIn(part) ?? { stepId: part });
  return length < 1 || path.some(({ stepId }) => stepId === '') ? undefined : { path, mayWait: undefined, length };
}

/** The kinds as which a step may wait: its own, or those of its branches. */
function waitsOf(kind: StepKind): Waiting[] {
  if (kind.type === 'wait_for_input') return [kind];
  return branchesOf(kind).flatMap(waitsOf);
}

/** The steps of the workflows that a step may run. */
function childrenOf(kind: StepKind): ('by id' | Steps)[] {
  if (kind.type !== 'workflow') return branchesOf(kind).flatMap(childrenOf);
  return [kind.definition == null ? 'by id' : stepsOf(kind.definition)];
}

/** It has been checked with the document that holds it; it may be wrapped as an agent. */
function stepsOf(document: JsonObject): Steps {
  const steps = own(innerDocument(document), 'steps');
  return Array.isArray(steps) ? (steps as unknown as Steps) : [];
}

function branchesOf(kind: StepKind): StepKind[] {
  return kind.type === 'condition' ? [kind.if_true, kind.if_false].flatMap((branch) => branch ?? []) : [];
}

/** Says what is wrong with an address that names nothing that may wait. */
function refuse(text: string, steps: Steps): never {
  const whole = text.slice(0, text.indexOf('='));
  const step = steps.filter(({ id }) => text.startsWith(id) && '=/['.includes(text.charAt(id.length))).sort((a, b) => b.id.length - a.id.length)[0];
  const waiting = addressesOf(steps);
  const hint = waiting.length === 0 ? 'No step of it waits for input.' : `Steps that wait: ${waiting.join(', ')}.`;
  if (step === undefined) throw new UsageError(`--answer: the workflow has no step '${whole}'`, hint);
  const after = text.slice(step.id.length);
  if (/^\[\d+\]/.test(after) && step.for_each == null) throw new UsageError(`--answer: step '${step.id}' has no elements: it has no for_each`, hint);
  if (childrenOf(step.kind).length === 0) throw new UsageError(`--answer: step '${step.id}' does not wait for input`, hint);
  if (!/^(\[\d+\])?\//.test(after)) {
    throw new UsageError(`--answer: step '${step.id}' runs another workflow; name the step of that which waits: --answer ${step.id}/STEP=JSON`, hint);
  }
  throw new UsageError(`--answer: '${whole}' is no step that waits in the workflow of step '${step.id}'`, hint);
}

/** What may wait, as it is addressed. */
function addressesOf(steps: Steps): string[] {
  return steps.flatMap(({ id, kind }) => [
    ...(waitsOf(kind).length > 0 ? [id] : []),
    ...childrenOf(kind).flatMap((child) => (child === 'by id' ? [`${id}/…`] : addressesOf(child).map((inner) => `${id}/${inner}`))),
  ]);
}

/** Refuses an answer that fits none of the schemas before anything is started. */
function checkAnswer(address: string, mayWait: readonly Waiting[], answer: JsonValue): void {
  const refusals = mayWait.map(({ schema }) => (schema == null ? [] : mismatches(schema, answer)));
  const [first = []] = refusals;
  if (refusals.some((found) => found.length === 0)) return;
  const problems = first.map(
    ({ path, message }): Problem => ({ severity: 'error', code: 'ANSWER_REFUSED', path: formatPath(path), message }),
  );
  const told = problems.map(({ path, message }) => `${path} ${message}`).join('; ');
  throw new AnswerRefusedError(`--answer ${address} does not fit the schema of the step: ${told}`, problems);
}

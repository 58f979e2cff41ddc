import { AnswerRefusedError, type Problem } from '../definition/errors.js';
import { mismatches } from '../definition/input-schema.js';
import type { JsonValue } from '../definition/json.js';
import { formatPath } from '../definition/problems/path.js';
import type { StepKind, WorkflowStep } from '../definition/types.js';
import { UsageError } from './errors.js';
import { readJson } from './values.js';

type Waiting = Extract<StepKind, { type: 'wait_for_input' }>;

/**
 * `STEP=JSON` texts, taken apart by the ids of the steps (which may hold `=` themselves).
 * Throws {@link UsageError}, and `AnswerRefusedError` for an answer that does not fit the schema of its step.
 */
export async function readAnswers(texts: readonly string[], steps: readonly WorkflowStep[]): Promise<Map<string, JsonValue>> {
  const answers = new Map<string, JsonValue>();
  const waits = new Map(steps.map((step) => [step.id, waitsOf(step.kind)]));
  for (const text of texts) {
    if (!text.includes('=')) throw new UsageError(`--answer expects STEP=JSON, not '${text}'`);
    const id = longestKey(text, waits) ?? text.slice(0, text.indexOf('='));
    const mayWait = waits.get(id);
    const waiting = [...waits].filter(([, kinds]) => kinds.length > 0).map(([waitingId]) => waitingId);
    const hint = waiting.length === 0 ? 'No step of it waits for input.' : `Steps that wait: ${waiting.join(', ')}.`;
    if (mayWait === undefined) throw new UsageError(`--answer: the workflow has no step '${id}'`, hint);
    if (mayWait.length === 0) throw new UsageError(`--answer: step '${id}' does not wait for input`, hint);
    if (answers.has(id)) throw new UsageError(`--answer: step '${id}' is answered twice`);
    const answer = await readJson(`--answer ${id}`, text.slice(id.length + 1), `--answer ${id}='"yes"'`);
    checkAnswer(id, mayWait, answer);
    answers.set(id, answer);
  }
  return answers;
}

/** The kinds as which a step may wait: its own, or those of its branches. */
function waitsOf(kind: StepKind): Waiting[] {
  if (kind.type === 'wait_for_input') return [kind];
  if (kind.type !== 'condition') return [];
  return [kind.if_true, kind.if_false].flatMap((branch) => (branch == null ? [] : waitsOf(branch)));
}

/** Refuses an answer that fits none of the schemas before anything is started. */
function checkAnswer(id: string, mayWait: readonly Waiting[], answer: JsonValue): void {
  const refusals = mayWait.map(({ schema }) => (schema == null ? [] : mismatches(schema, answer)));
  const [first = []] = refusals;
  if (refusals.some((found) => found.length === 0)) return;
  const problems = first.map(
    ({ path, message }): Problem => ({ severity: 'error', code: 'ANSWER_REFUSED', path: formatPath(path), message }),
  );
  const told = problems.map(({ path, message }) => `${path} ${message}`).join('; ');
  throw new AnswerRefusedError(`--answer ${id} does not fit the schema of the step: ${told}`, problems);
}

function longestKey(text: string, steps: ReadonlyMap<string, unknown>): string | undefined {
  const matching = [...steps.keys()].filter((id) => text.startsWith(`${id}=`));
  return matching.sort((a, b) => b.length - a.length)[0];
}

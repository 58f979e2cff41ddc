import { expect } from 'vitest';
import { DistriError } from '../../../src/definition/errors.js';
import { isEnded, type RunSnapshot } from '../../../src/definition/snapshot.js';
import type { Run } from '../../../src/client/index.js';
import type { Operation } from './case.js';
import { untilRun } from './stage.js';

/** Does to a run what a case says, each when it is as the case says. */
export async function operate(run: Run, operations: readonly Operation[]): Promise<void> {
  for (const operation of operations) {
    const { when, refused } = operation;
    const snapshot = await untilRun(run, (now) => isEnded(now.status) || isAs(now, when));
    expect(isAs(snapshot, when), `${operation.do} ${operation.step ?? ''}: the run is ${snapshot.status}: ${snapshot.error ?? ''}`).toBe(true);
    if (refused === undefined) {
      await perform(run, operation);
      continue;
    }
    const error: unknown = await perform(run, operation).catch((thrown: unknown) => thrown);
    expect(error, `${operation.do} of '${operation.step ?? ''}' must be refused`).toBeInstanceOf(DistriError);
    const { code, message } = error as DistriError;
    expect({ code, message }).toEqual({ code: refused.code, message: refused.message ?? message });
  }
}

function isAs({ status, paused, steps }: RunSnapshot, when: Operation['when']): boolean {
  return (
    (when.status === undefined || status === when.status) &&
    (when.paused === undefined || paused?.by === when.paused) &&
    Object.entries(when.steps ?? {}).every(([id, wanted]) => steps[id]?.status === wanted) &&
    (when.until ?? []).every((id) => steps[id]?.until !== undefined)
  );
}

async function perform(run: Run, { do: what, step = '', index, value, reason }: Operation): Promise<void> {
  const element = index === undefined ? {} : { index };
  switch (what) {
    case 'pause':
      return run.pause();
    case 'resume':
      return run.resume();
    case 'retry':
      return run.retry(step, element);
    case 'skip':
      return run.skip(step, { ...element, ...(value === undefined ? {} : { result: value }) });
    case 'answer':
      return run.answer(step, value ?? null, element);
    case 'cancel':
      return run.cancel(reason);
  }
}

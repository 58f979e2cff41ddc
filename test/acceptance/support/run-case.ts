import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { AnswerRefusedError, InvalidDefinitionError, type DistriClient, type Run } from '../../../src/client/index.js';
import { DistriError, RunFailedError, type Problem } from '../../../src/definition/errors.js';
import type { JsonObject } from '../../../src/definition/json.js';
import { parseWorkflow, validateWorkflow, type ParsedWorkflow } from '../../../src/definition/parse.js';
import { isEnded, type RunEvent, type RunSnapshot } from '../../../src/definition/snapshot.js';
import type { Case, Expected, ExpectedStep } from './case.js';
import { operate } from './operate.js';
import { collect, untilRun, type Stage } from './stage.js';
import type { WellKnownTools } from './tools.js';

/** Runs a case and compares all that it expects. `continueAfter`: the run continues as new after so many events already. */
export async function runCase(given: Case, { client }: Stage, tools: WellKnownTools, continueAfter?: number): Promise<void> {
  const options = {
    ...(given.input === undefined ? {} : { input: given.input as JsonObject }),
    ...(given.env === undefined ? {} : { env: given.env }),
    ...(given.entry_point === undefined ? {} : { entryPoint: given.entry_point }),
    executionTimeoutSecs: 200,
    ...(continueAfter === undefined ? {} : { continueAfterEvents: continueAfter }),
  };
  const started = await attempt(async () => client.start(documentOf(given), options));
  if (given.refused) return expectRefusal(given.refused, started.error);
  if (started.value === undefined) throw started.error;
  const run = started.value;
  if (given.problems) expectTexts(problemsOf(given).map(problemText), given.problems, 'problems');
  await giveAnswers(client, run, given.answers ?? []);
  await operate(run, given.operations ?? []);
  await expectRun(run, given.expect ?? {}, tools);
}

function documentOf({ document, document_file: file, text }: Case): ParsedWorkflow | JsonObject {
  if (text !== undefined) return parseWorkflow(text);
  return file === undefined ? (document as JsonObject) : parseWorkflow(readFileSync(file, 'utf8'), { file });
}

function problemsOf(given: Case): Problem[] {
  const document = documentOf(given);
  return given.document === undefined ? (document as ParsedWorkflow).problems : validateWorkflow(document).problems;
}

function problemText({ code, path, line, column }: Problem): string {
  return `${code} ${path}${line === undefined ? '' : ` ${line}:${column}`}`;
}

function expectRefusal(refused: NonNullable<Case['refused']>, error: unknown): void {
  expect(error, 'the start must be refused').toBeInstanceOf(DistriError);
  const { code, message } = error as DistriError;
  expect({ code, message }).toEqual({ code: refused.code, message: refused.message === undefined ? message : matching(refused.message) });
  if (!refused.problems) return;
  const problems = error instanceof InvalidDefinitionError || 'problems' in (error as object) ? (error as InvalidDefinitionError).problems : [];
  expectTexts(problems.map(problemText), refused.problems, 'problems');
}

async function giveAnswers(client: DistriClient, run: Run, answers: NonNullable<Case['answers']>): Promise<void> {
  for (const { step, index, in_child: inner, value, message, schema, refused } of answers) {
    const options = index === undefined ? {} : { index };
    const snapshot = await untilRun(run, ({ status, steps }) => isEnded(status) || steps[step]?.status === 'waiting_for_input' || refused?.code === 'STEP_NOT_WAITING');
    if (message !== undefined) expect(snapshot.steps[step]?.message).toEqual(matching(message));
    if (schema !== undefined) expect(snapshot.steps[step]?.schema).toEqual(schema);
    if (inner !== undefined) {
      await client.getRun(snapshot.steps[step]?.child?.run_id ?? '').answer(inner, value, options);
      continue;
    }
    if (refused === undefined) {
      await run.answer(step, value, options);
      continue;
    }
    const { error } = await attempt(async () => run.answer(step, value, options));
    expect(error, `the answer of '${step}' must be refused`).toBeInstanceOf(DistriError);
    const { code, message: said } = error as DistriError;
    expect({ code, message: said }).toEqual({ code: refused.code, message: refused.message === undefined ? said : matching(refused.message) });
    if (refused.code === 'ANSWER_REFUSED') expect(error instanceof AnswerRefusedError && error.problems.length).toBeGreaterThan(0);
  }
}

async function expectRun(run: Run, wanted: Expected, tools: WellKnownTools): Promise<void> {
  const { status = 'completed' } = wanted;
  const ends = isEnded(status);
  const snapshot = ends ? await ended(run) : await untilRun(run, (now) => now.status === status || isEnded(now.status));
  expect(snapshot.status, snapshot.error).toBe(status);
  for (const [id, step] of Object.entries(wanted.steps ?? {})) expectStep(id, snapshot, step);
  if (wanted.output !== undefined) expect(snapshot.output).toEqual(wanted.output);
  if (wanted.error !== undefined) expect(snapshot.error).toEqual(matching(wanted.error));
  if (wanted.error_code !== undefined) expect(snapshot.error_code).toBe(wanted.error_code);
  for (const [key, value] of Object.entries(wanted.context ?? {})) expect(snapshot.context[key], `context.${key}`).toEqual(value);
  if (wanted.warnings) expectTexts(snapshot.warnings.map(({ code, step_id }) => `${code}${step_id === undefined ? '' : ` ${step_id}`}`), wanted.warnings, 'warnings');
  for (const [id, count] of Object.entries(wanted.calls ?? {})) {
    expect(tools.callsOf(run.id).filter((call) => call.stepId === id).length, `calls of '${id}'`).toBe(count);
  }
  if (!ends) await run.terminate('the case has seen enough');
  else await expectEvents(run, wanted);
  if (ends) expect(await run.snapshot()).toEqual(snapshot);
}

/** The snapshot of a run that ends by itself: one that hangs is ended by its execution timeout, and shows as failed too. */
async function ended(run: Run): Promise<RunSnapshot> {
  const { value, error } = await attempt(() => run.result());
  expect(error instanceof RunFailedError ? error.message : '').not.toContain('execution timeout');
  if (error instanceof RunFailedError) return error.snapshot;
  if (value === undefined) throw error;
  return value;
}

function expectStep(id: string, snapshot: RunSnapshot, wanted: ExpectedStep): void {
  const step = Object.hasOwn(snapshot.steps, id) ? snapshot.steps[id] : undefined;
  if (step === undefined) throw new Error(`The snapshot has no step '${id}'`);
  const { result_json: json, error, ...exact } = wanted;
  const seen = Object.fromEntries(Object.keys(exact).map((key) => [key, step[key as keyof typeof exact]]));
  expect(seen, `step '${id}': ${step.error ?? ''}`).toEqual(exact);
  if (error !== undefined) expect(step.error ?? '', `error of '${id}'`).toEqual(matching(error));
  if (json !== undefined) expect(JSON.stringify(step.result), `result of '${id}'`).toEqual(matching(json));
}

async function expectEvents(run: Run, wanted: Expected): Promise<void> {
  if (!wanted.events && !wanted.events_in_order && !wanted.no_events) return;
  const seen = (await collect(run.events())).flatMap(eventText);
  if (wanted.events) expect(seen).toEqual(wanted.events);
  if (wanted.events_in_order) {
    let from = 0;
    for (const event of wanted.events_in_order) {
      const at = seen.indexOf(event, from);
      if (at < 0) expect.fail(`'${event}' is not among the events, or too early: ${seen.join(', ')}`);
      from = at + 1;
    }
  }
  for (const event of wanted.no_events ?? []) expect(seen).not.toContain(event);
}

function eventText(event: RunEvent): string[] {
  if (event.event === 'step_retrying') return [];
  return ['step_id' in event && event.step_id !== undefined ? `${event.event} ${event.step_id}` : event.event];
}

/** Every expected text is matched by one of those seen, and the other way round. */
function expectTexts(seen: string[], wanted: string[], what: string): void {
  expect([...seen].sort(), what).toEqual(wanted.map((text) => (text.startsWith('/') ? (seen.find((one) => matches(text, one)) ?? text) : text)).sort());
}

function matches(wanted: string, seen: string): boolean {
  return new RegExp(wanted.slice(1, -1), 's').test(seen);
}

function matching(wanted: string): unknown {
  return wanted.length > 1 && wanted.startsWith('/') && wanted.endsWith('/') ? expect.stringMatching(new RegExp(wanted.slice(1, -1), 's')) : wanted;
}

async function attempt<T>(work: () => Promise<T>): Promise<{ value?: T; error?: unknown }> {
  try {
    return { value: await work() };
  } catch (error) {
    return { error };
  }
}


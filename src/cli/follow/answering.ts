import { setImmediate } from 'node:timers/promises';
import { AnswerRefusedError, StepNotWaitingError } from '../../definition/errors.js';
import { own, type JsonValue } from '../../definition/json.js';
import type { DistriClient } from '../../client/index.js';
import { findAnswer, type GivenAnswer } from '../given-answers.js';
import type { Terminal } from '../terminal.js';
import type { Display } from '../view/display.js';
import type { RunView } from '../view/run-view.js';
import { plain } from '../view/text.js';
import { keyOf, waitsOf, type Wait } from '../view/waits.js';

export interface AnsweringOptions {
  readonly client: DistriClient;
  readonly view: RunView;
  readonly terminal: Terminal;
  readonly display: Display;
  /** Answers given with the command; each is sent once to each step or element that it is for. */
  readonly answers: readonly GivenAnswer[];
  /** Whether to ask a person for what the command did not answer. */
  readonly ask: boolean;
  /** Ctrl-C in a question. */
  readonly onInterrupt: () => void;
  /** An answer that was refused and cannot be asked for again, or a lost connection. */
  readonly onError: (error: unknown) => void;
  readonly signal: AbortSignal;
}

const SETTLING_MS = 10_000;

/** Answers what waits in a run and its children, one after the other: from the command's answers, else by asking. */
export class Answering {
  /** When something was answered, by its key: milliseconds since the epoch. */
  private readonly answered = new Map<string, number>();
  /** Keys of what a given answer was sent to. */
  private readonly tried = new Set<string>();
  private current: { key: string; abort: AbortController } | undefined;
  private work: Promise<void> = Promise.resolve();

  constructor(private readonly options: AnsweringOptions) {}

  /** Whether an answer is on its way or somebody is being asked. */
  get busy(): boolean {
    return this.current !== undefined;
  }

  /** Whether this will answer it. */
  canAnswer(wait: Wait): boolean {
    const key = keyOf(wait);
    return !this.answered.has(key) && (this.options.ask || this.given(wait, key) !== undefined);
  }

  /** Whether it was answered just now: a run learns a little later of what has happened in its children. */
  isSettling(wait: Wait): boolean {
    return Date.now() - (this.answered.get(keyOf(wait)) ?? 0) < SETTLING_MS;
  }

  /** Resolves when no answer is on its way any more. */
  settled(): Promise<void> {
    return this.work;
  }

  /** To be called whenever the view has changed. */
  look(): void {
    const { view, signal } = this.options;
    const waits = waitsOf(view);
    if (this.current !== undefined) {
      const { key, abort } = this.current;
      if (!waits.some((wait) => keyOf(wait) === key)) abort.abort();
      return;
    }
    const wait = waits.find((each) => this.canAnswer(each));
    if (wait === undefined || signal.aborted) return;
    const key = keyOf(wait);
    this.current = { key, abort: new AbortController() };
    this.work = this.answer(wait, key, AbortSignal.any([signal, this.current.abort.signal]))
      .catch(this.options.onError)
      .finally(() => {
        this.current = undefined;
        this.look();
      });
  }

  private given(wait: Wait, key: string): GivenAnswer | undefined {
    return this.tried.has(key) ? undefined : findAnswer(this.options.answers, wait);
  }

  private async answer(wait: Wait, key: string, signal: AbortSignal): Promise<void> {
    const { ask } = this.options;
    const given = this.given(wait, key);
    this.tried.add(key);
    if (given !== undefined && (await this.send(wait, given.value, !ask))) return;
    if (ask) await this.askUntilAccepted(wait, signal);
  }

  private async askUntilAccepted(wait: Wait, signal: AbortSignal): Promise<void> {
    const { display, terminal, onInterrupt } = this.options;
    // What else has happened by now, such as the run's pause, is drawn before the list stands still.
    await setImmediate();
    const schema = await this.schemaOf(wait);
    display.pause();
    try {
      const { askBySchema } = await import('../ask/ask.js');
      terminal.say(`\n${terminal.color.bold(plain(wait.title))}: ${plain(wait.message)}`);
      while (!(await this.send(wait, await askBySchema(schema, 'Your answer', signal), false)));
    } catch (error) {
      if (isNamed(error, 'ExitPromptError')) onInterrupt();
      else if (!isNamed(error, 'AbortPromptError')) throw error;
    } finally {
      if (!this.options.signal.aborted) display.resume();
    }
  }

  /** A parent is not told large schemas of its children: the child knows. */
  private async schemaOf(wait: Wait): Promise<JsonValue | undefined> {
    if (wait.schema !== undefined || wait.under === undefined) return wait.schema;
    const { steps } = await this.options.client.getRun(wait.runId).snapshot();
    const step = own(steps, wait.stepId);
    return wait.index === undefined ? step?.schema : step?.items?.waiting?.find(({ index }) => index === wait.index)?.schema;
  }

  /** False when the answer was refused and the refusal was shown; what waits no longer needs none. */
  private async send(wait: Wait, value: JsonValue, throwRefusal: boolean): Promise<boolean> {
    const { client, terminal, display } = this.options;
    const { runId, stepId, index } = wait;
    try {
      await client.getRun(runId).answer(stepId, value, index === undefined ? {} : { index });
    } catch (error) {
      if (error instanceof StepNotWaitingError) {
        this.answered.set(keyOf(wait), Date.now());
        return true;
      }
      if (!(error instanceof AnswerRefusedError) || throwRefusal) throw error;
      display.pause();
      terminal.say(terminal.color.red(`The answer was refused: ${plain(error.message)}`));
      return false;
    }
    this.answered.set(keyOf(wait), Date.now());
    this.forget(wait);
    return true;
  }

  /** No event tells that an element waits no longer. */
  private forget({ stepId, index, under }: Wait): void {
    if (index !== undefined && under === undefined) own(this.options.view.steps, stepId)?.items?.waiting.delete(index);
  }
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

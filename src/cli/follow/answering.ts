import { setImmediate } from 'node:timers/promises';
import { AnswerRefusedError, StepNotWaitingError } from '../../definition/errors.js';
import { own, type JsonValue } from '../../definition/json.js';
import type { Run } from '../../client/index.js';
import type { Terminal } from '../terminal.js';
import type { Display } from '../view/display.js';
import type { RunView, StepView } from '../view/run-view.js';
import { plain } from '../view/text.js';

export interface AnsweringOptions {
  readonly run: Run;
  readonly view: RunView;
  readonly terminal: Terminal;
  readonly display: Display;
  /** Answers given with the command; each is sent once. */
  readonly answers: Map<string, JsonValue>;
  /** Whether to ask a person for what the command did not answer. */
  readonly ask: boolean;
  /** Ctrl-C in a question. */
  readonly onInterrupt: () => void;
  /** An answer that was refused and cannot be asked for again, or a lost connection. */
  readonly onError: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/** Answers the steps that wait, one after the other: from the command's answers, else by asking. */
export class Answering {
  private readonly answered = new Set<string>();
  private current: { step: StepView; abort: AbortController } | undefined;
  private work: Promise<void> = Promise.resolve();

  constructor(private readonly options: AnsweringOptions) {}

  /** Whether an answer is on its way or somebody is being asked. */
  get busy(): boolean {
    return this.current !== undefined;
  }

  /** Whether this will answer the step. */
  canAnswer(stepId: string): boolean {
    return !this.answered.has(stepId) && (this.options.ask || this.options.answers.has(stepId));
  }

  /** Resolves when no answer is on its way any more. */
  settled(): Promise<void> {
    return this.work;
  }

  /** To be called whenever the view has changed. */
  look(): void {
    const { view, signal } = this.options;
    const waits = (stepId: string) => own(view.steps, stepId)?.status === 'waiting_for_input';
    if (this.current !== undefined) {
      if (!waits(this.current.step.id)) this.current.abort.abort();
      return;
    }
    const step = Object.values(view.steps).find(({ id }) => waits(id) && this.canAnswer(id));
    if (step === undefined || signal.aborted) return;
    this.current = { step, abort: new AbortController() };
    this.work = this.answer(step, AbortSignal.any([signal, this.current.abort.signal]))
      .catch(this.options.onError)
      .finally(() => {
        this.current = undefined;
        this.look();
      });
  }

  private async answer(step: StepView, signal: AbortSignal): Promise<void> {
    const { answers, ask } = this.options;
    const given = answers.get(step.id);
    answers.delete(step.id);
    if (given !== undefined && (await this.send(step, given, !ask))) return;
    if (ask) await this.askUntilAccepted(step, signal);
  }

  private async askUntilAccepted(step: StepView, signal: AbortSignal): Promise<void> {
    const { display, terminal, onInterrupt } = this.options;
    // What else has happened by now, such as the run's pause, is drawn before the list stands still.
    await setImmediate();
    display.pause();
    try {
      const { askBySchema } = await import('../ask/ask.js');
      terminal.say(`\n${terminal.color.bold(plain(step.label))}: ${plain(step.message ?? '')}`);
      while (!(await this.send(step, await askBySchema(step.schema, 'Your answer', signal), false)));
    } catch (error) {
      if (isNamed(error, 'ExitPromptError')) onInterrupt();
      else if (!isNamed(error, 'AbortPromptError')) throw error;
    } finally {
      if (!this.options.signal.aborted) display.resume();
    }
  }

  /** False when the answer was refused and the refusal was shown; a step that waits no longer needs none. */
  private async send(step: StepView, value: JsonValue, throwRefusal: boolean): Promise<boolean> {
    const { run, terminal, display } = this.options;
    try {
      await run.answer(step.id, value);
    } catch (error) {
      if (error instanceof StepNotWaitingError) {
        this.answered.add(step.id);
        return true;
      }
      if (!(error instanceof AnswerRefusedError) || throwRefusal) throw error;
      display.pause();
      terminal.say(terminal.color.red(`The answer was refused: ${plain(error.message)}`));
      return false;
    }
    this.answered.add(step.id);
    return true;
  }
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

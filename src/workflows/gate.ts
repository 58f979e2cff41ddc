import { dictionary } from '../definition/json.js';
import type { RequirementsCheck, RequirementsReport } from '../definition/messages.js';
import { resolveText } from '../definition/references.js';
import { cut } from '../definition/text.js';
import type { StepKind } from '../definition/types.js';
import { Availability, Questions, type Known, type Placement } from './needs.js';
import { reachable, type Plan } from './plan.js';
import type { MissingReasons } from './state.js';
import type { Unit } from './unit.js';

/** No tool has a longer name; what references make of one is part of the checks, which are in the history. */
const LONGEST_TOOL_NAME = 1_000;
/** The log and the snapshot repeat it. */
const LONGEST_REASON = 500;

/** Knows what the steps of a run need, what of that is there, and which steps must be checked afresh. */
export class Gate {
  readonly #available = new Availability();
  /** Until the first turn is over, what is known was asked just now: a step may block on it without a check of its own. */
  fresh = true;
  #due = new Set<number>();
  /** Steps that are due for a check or whose check is under way: their turn has come. */
  checking = 0;

  constructor(
    private readonly plan: Plan,
    private readonly unitAt: (index: number) => Unit | undefined,
  ) {}

  /** Everything that the steps which may run could need. */
  everything(): RequirementsCheck | undefined {
    const questions = new Questions();
    const { entryPoint, indexOf, definition } = this.plan;
    const reached = entryPoint && reachable(this.plan, indexOf.get(entryPoint.starts_at) ?? -1);
    for (const { index, step, requires } of this.plan.steps) {
      if (!reached || reached[index]) questions.addKind(step.kind, requires);
    }
    if (definition.checkpoint?.type === 'external') questions.add([], [definition.checkpoint.tool_name]);
    return questions.empty ? undefined : questions.check();
  }

  learn(check: RequirementsCheck, report: RequirementsReport): void {
    this.#available.learn(check, report);
  }

  /** What is known, for the next execution of the run. */
  known(): Known {
    return this.#available.entries();
  }

  recall(known: Known): void {
    this.#available.restore(known);
  }

  place(index: number): Placement {
    const unit = this.unitAt(index) as Unit;
    const kind = unit.state.kind as StepKind;
    const toolName = kind.type === 'tool_call' ? cut(resolveText(kind.tool_name, unit.lookup), LONGEST_TOOL_NAME) : undefined;
    return this.#available.place(kind, toolName, unit.step.requires, unit.state);
  }

  /** Whether all that keeps a step from running has been looked for: a reference names a tool only now, a rerun leaves its entry point. */
  hasAsked(placement: Placement): boolean {
    if (placement.at !== 'nowhere') return true;
    const { tools, unmet } = placement;
    return tools.every((tool) => this.#available.hasAsked(tool)) && unmet.every((query) => this.#available.knows(query));
  }

  /** The tool that nobody announces, when that is all that keeps a step from running. */
  unknownTool(placement: Placement): string | undefined {
    if (placement.at !== 'nowhere' || placement.unmet.length > 0) return undefined;
    return placement.tools.find((tool) => this.#available.isUnknownTool(tool));
  }

  /** Why the skills are missing that keep a step from running, as far as that is known. */
  reasons({ unmet }: Extract<Placement, { at: 'nowhere' }>): MissingReasons {
    const reasons = dictionary<string>();
    for (const query of unmet) {
      const reason = this.#available.reason(query);
      if (reason !== undefined) reasons[query.skill] ??= cut(reason, LONGEST_REASON);
    }
    return reasons;
  }

  /** The skill on whose queue a tool runs; undefined when nobody offers it. */
  skillOfTool(name: string): string | undefined {
    const placement = this.#available.place({ type: 'tool_call', tool_name: name }, name, [], {});
    return placement.at === 'skill' ? placement.skill : undefined;
  }

  queueCheck(index: number): void {
    if (this.#due.has(index)) return;
    this.#due.add(index);
    this.checking += 1;
  }

  /** Steps that must be checked afresh before they block, with the questions to ask. */
  takeChecks(): { steps: number[]; check: RequirementsCheck } | undefined {
    if (this.#due.size === 0) return undefined;
    const steps = [...this.#due];
    this.#due.clear();
    return { steps, check: this.questions(steps, { again: true }).check() };
  }

  /** Forgets the checks that were due but not yet asked. */
  clear(): void {
    this.checking -= this.#due.size;
    this.#due.clear();
  }

  /**
   * What these steps still lack; `again`: and what they have found, which may be gone by now. That is nothing to wait for:
   * it would end the wait at once, over and over.
   */
  questions(steps: Iterable<number>, { again = false } = {}): Questions {
    const questions = new Questions();
    for (const index of steps) {
      const unit = this.unitAt(index);
      if (!unit) continue;
      const placement = this.place(index);
      if (placement.at === 'nowhere') {
        const { unmet, tools, found } = placement;
        questions.add(unmet, again && found !== undefined ? [...tools, found] : tools);
      } else questions.addKind(unit.state.kind as StepKind, unit.step.requires);
    }
    return questions;
  }
}

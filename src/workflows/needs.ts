import { own } from '../definition/json.js';
import { kinds } from '../kinds/index.js';
import type { RequirementQuery, RequirementsCheck, RequirementsReport, RequirementState } from '../definition/messages.js';
import type { StepKind, StepRequirement } from '../definition/types.js';
import type { StepState } from './state.js';

/** Where a step runs and what it still lacks. */
export type Placement =
  | { readonly at: 'skill'; readonly skill: string }
  | { readonly at: 'inline' | 'child' }
  | {
      readonly at: 'nowhere';
      readonly unmet: readonly RequirementQuery[];
      /** The tool of a tool call that nobody who lives has. */
      readonly tools: readonly string[];
      /** One that somebody had when it was last looked for. */
      readonly found?: string;
    };

function isNative(skill: string): boolean {
  return skill.startsWith('native:');
}

function keyOf(query: RequirementQuery): string {
  return JSON.stringify([query.skill, query.worker === true, [...(query.permissions ?? [])].sort(), query.rejected_revision, ...(query.missed ? [query.missed] : [])]);
}

/** What workers said of the connections of a step: `rejected` maps a skill to its revision that was answered 401 or 403. */
type Found = Pick<StepState, 'rejected' | 'missed'>;

/** A step's explicit requirement as a question. */
function queryOf({ skill, permissions }: StepRequirement, found: Found): RequirementQuery {
  if (isNative(skill)) return workerQuery(skill, found);
  const revision = found.rejected?.get(skill);
  return {
    skill,
    ...(permissions?.length ? { permissions } : {}),
    ...(revision === undefined ? {} : { rejected_revision: revision }),
    ...missedIn(found, skill),
  };
}

function workerQuery(skill: string, found: Found): RequirementQuery {
  return { skill, worker: true, ...missedIn(found, skill) };
}

function missedIn({ missed }: Found, skill: string): Pick<RequirementQuery, 'missed'> {
  return missed?.waits && missed.skill === skill ? { missed: missed.times } : {};
}

/** Whether a worker could change that a step runs nowhere: one that has its skill or its tool. */
export function lacksWorker({ unmet, tools }: Extract<Placement, { at: 'nowhere' }>): boolean {
  return tools.length > 0 || unmet.some((query) => query.worker === true || isNative(query.skill));
}

/** What is known of skills, by question, and of tools, by name. */
export interface Known {
  states: [question: string, state: RequirementState][];
  tools: [name: string, tool: { skill: string; live: boolean } | null][];
}

/** What is known of skills and tools: the answers of the requirement checks, the newest of each question. */
export class Availability {
  readonly #states = new Map<string, RequirementState>();
  readonly #tools = new Map<string, { skill: string; live: boolean } | null>();

  learn(check: RequirementsCheck, report: RequirementsReport): void {
    check.requirements.forEach((query, index) => {
      const state = report.requirements[index];
      if (state) this.#states.set(keyOf(query), state);
    });
    for (const name of check.tools) this.#tools.set(name, own(report.tools, name) ?? null);
  }

  /** All that is known, as JSON. */
  entries(): Known {
    return { states: [...this.#states], tools: [...this.#tools] };
  }

  restore({ states, tools }: Known): void {
    for (const [key, state] of states) this.#states.set(key, state);
    for (const [name, tool] of tools) this.#tools.set(name, tool);
  }

  /** Whether this was asked. */
  knows(query: RequirementQuery): boolean {
    return this.#states.has(keyOf(query));
  }

  /** Whether this tool was looked for. */
  hasAsked(name: string): boolean {
    return this.#tools.has(name);
  }

  /** Whether this tool was looked for and nobody announces it. */
  isUnknownTool(name: string): boolean {
    return this.#tools.get(name) === null;
  }

  /** Where a step of this kind goes; `toolName` is the resolved name of a tool call. */
  place(
    kind: StepKind,
    toolName: string | undefined,
    requires: readonly StepRequirement[],
    found: Found,
  ): Placement {
    const explicit = requires.map((requirement) => queryOf(requirement, found));
    const unmet = explicit.filter((query) => !this.#met(query));
    const plain = kinds[kind.type];
    if (plain.runs !== 'activity') return unmet.length > 0 ? { at: 'nowhere', unmet, tools: [] } : { at: plain.runs };

    const tool = toolName === undefined ? undefined : this.#tools.get(toolName);
    if (toolName !== undefined && !tool) return { at: 'nowhere', unmet, tools: [toolName] };
    const connections = explicit.filter((query) => !isNative(query.skill));
    const only = connections.length === 1 ? connections[0] : undefined;
    const mayMove = !('ownQueueOnly' in plain) && unmet.length === 0;
    if (mayMove && only && this.#states.get(keyOf(only))?.served) return { at: 'skill', skill: only.skill };

    const skill = tool?.skill ?? plain.skill;
    const worker = workerQuery(skill, found);
    if (!tool?.live && !this.#met(worker) && !unmet.some((query) => query.skill === skill)) unmet.push(worker);
    if (unmet.length === 0) return { at: 'skill', skill };
    if (toolName === undefined) return { at: 'nowhere', unmet, tools: [] };
    return tool?.live ? { at: 'nowhere', unmet, tools: [], found: toolName } : { at: 'nowhere', unmet, tools: [toolName] };
  }

  /** Why it is not there, as far as that is known. */
  reason(query: RequirementQuery): string | undefined {
    return this.#states.get(keyOf(query))?.reason;
  }

  #met(query: RequirementQuery): boolean {
    return this.#states.get(keyOf(query))?.available === true;
  }
}

/** Gathers questions, each once. */
export class Questions {
  readonly #queries = new Map<string, RequirementQuery>();
  readonly #tools = new Set<string>();

  add(queries: readonly RequirementQuery[], tools: readonly string[]): void {
    for (const query of queries) this.#queries.set(keyOf(query), query);
    for (const tool of tools) this.#tools.add(tool);
  }

  /** All that steps of this kind may need, branches of conditions too. */
  addKind(kind: StepKind, requires: readonly StepRequirement[]): void {
    this.add(
      requires.map((requirement) => queryOf(requirement, {})),
      [],
    );
    if (kind.type === 'condition') {
      this.addKind(kind.if_true, []);
      if (kind.if_false) this.addKind(kind.if_false, []);
    } else if (kind.type === 'tool_call') {
      if (!kind.tool_name.includes('{')) this.add([], [kind.tool_name]);
    } else {
      const plain = kinds[kind.type];
      if (plain.runs === 'activity') this.add([{ skill: plain.skill, worker: true }], []);
    }
  }

  get empty(): boolean {
    return this.#queries.size === 0 && this.#tools.size === 0;
  }

  /** Names the set, so that two of them can be compared. */
  get key(): string {
    return JSON.stringify([[...this.#queries.keys()].sort(), [...this.#tools].sort()]);
  }

  check(): RequirementsCheck {
    return { requirements: [...this.#queries.values()], tools: [...this.#tools] };
  }
}

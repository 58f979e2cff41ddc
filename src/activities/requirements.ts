import { activityInfo, ApplicationFailure, sleep } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import { DistriError } from '../definition/errors.js';
import { dictionary } from '../definition/json.js';
import type {
  RequirementQuery,
  RequirementsCheck,
  RequirementsReport,
  RequirementState,
  WorkerAnnouncement,
} from '../definition/messages.js';
import { cut, wellFormed } from '../definition/text.js';
import type { Connection, ConnectionSource } from './connection.js';
import type { Pollers } from './pollers.js';

/** Seconds before each look of `await_requirements`; after these, every ten minutes. */
const WAITS_SECS = [2, 5, 15, 60];
const LONG_WAIT_SECS = 600;
const LONGEST_REASON = 500;
/** How long a tool that nobody announces is looked for while the catalogue is young. */
const TOOL_LOOKS = 20;
const TOOL_LOOK_MS = 1_000;

export interface RequirementsDeps {
  /** Skills whose queues this very process polls, as of now: they are known without asking the server. */
  readonly ownSkills: ReadonlySet<string>;
  /** The skill of one of this process's own tools. */
  toolSkill(name: string): string | undefined;
  readonly connections: ConnectionSource;
  readonly pollers: Pollers;
  /** What live workers have announced; empty when there is no catalogue yet. */
  catalogue(): Promise<readonly WorkerAnnouncement[]>;
  /** Whether the catalogue may lack workers that live, because the one before it was lost. */
  isCatalogueYoung(): Promise<boolean>;
  /** Told when a connection cannot be read, and again when that has another reason. */
  onUnreadable(skill: string, error: unknown): void;
}

/** What workers have missed does not count as there, whatever is known here, until a pause has passed. */
const MISSED: RequirementState = { available: false, served: false, reason: 'a worker that needs it has not found it' };

type Served = (skill: string) => Promise<boolean>;
type FindConnection = (skill: string) => Promise<{ connection: Connection } | { reason: string }>;
type ToolState = RequirementsReport['tools'][string];

/** The activities that say what a run's steps need is there (see {@link RequirementsCheck}). */
export interface RequirementsActivities {
  readonly check_requirements: (check: RequirementsCheck) => Promise<RequirementsReport>;
  readonly await_requirements: (check: RequirementsCheck) => Promise<RequirementsReport>;
}

export function createRequirements(deps: RequirementsDeps): RequirementsActivities {
  const connections = new Connections(deps);
  const report = (check: RequirementsCheck, confirm: Served) => reportOf(check, deps, (skill) => connections.find(skill, check.owner), confirm);
  return {
    async check_requirements(check) {
      const confirm: Served = (skill) => deps.pollers.confirmed(skill);
      let found = await report(check, confirm);
      // A local activity holds up its run; what is unknown then is asked once more by one that does not.
      if (activityInfo().isLocal) return found;
      for (let look = 0; look < TOOL_LOOKS && (await mayBeThere(found, deps)); look += 1) {
        await sleep(TOOL_LOOK_MS);
        found = { ...found, tools: await toolStates(check.tools, deps, ownOr(deps.ownSkills, once(confirm))) };
      }
      return found;
    },

    async await_requirements(check) {
      const { attempt } = activityInfo();
      const found = await report(attempt > 1 ? withoutPause(check) : check, (skill) => deps.pollers.live(skill));
      const tools = Object.values(found.tools);
      if (found.requirements.some((state) => state.available) || tools.some((tool) => tool?.live)) return found;
      const names = [...check.requirements.map((query) => query.skill), ...check.tools.map((name) => `tool ${name}`)];
      throw ApplicationFailure.create({
        type: 'CONNECTION_MISSING',
        message: wellFormed(cut(`Still missing: ${names.join(', ')}`, 1000)),
        nextRetryDelay: (WAITS_SECS[attempt - 1 + pauses(check)] ?? LONG_WAIT_SECS) * 1000,
        category: ApplicationFailureCategory.BENIGN,
      });
    },
  };
}

/** Whether a tool that nobody announces may be there all the same. */
async function mayBeThere({ tools }: RequirementsReport, deps: RequirementsDeps): Promise<boolean> {
  return Object.values(tools).includes(null) && deps.isCatalogueYoung();
}

/** A pause has passed: what workers had missed is looked for like all else. */
function withoutPause(check: RequirementsCheck): RequirementsCheck {
  return { ...check, requirements: check.requirements.map(({ missed: _, ...query }) => query) };
}

/** How many pauses there have been before: the more often workers miss something, the longer the next pause. */
function pauses({ requirements }: RequirementsCheck): number {
  return Math.max(0, ...requirements.map(({ missed = 2 }) => missed - 2));
}

async function reportOf(check: RequirementsCheck, deps: RequirementsDeps, find: FindConnection, confirm: Served): Promise<RequirementsReport> {
  // A needed worker is looked for with patience, but where else a step could run is told at a glance.
  const needed = ownOr(deps.ownSkills, once(confirm));
  const glance = ownOr(deps.ownSkills, once((skill) => deps.pollers.live(skill)));
  const [requirements, tools] = await Promise.all([
    Promise.all(
      check.requirements.map(async (query) => {
        if (query.missed !== undefined) return MISSED;
        if (needsWorker(query)) return workerState(query.skill, needed);
        return connectionState(query, find, glance);
      }),
    ),
    toolStates(check.tools, deps, needed),
  ]);
  return { requirements, tools };
}

function needsWorker(query: RequirementQuery): boolean {
  return query.worker === true || query.skill.startsWith('native:');
}

function ownOr(own: ReadonlySet<string>, ask: Served): Served {
  return async (skill) => own.has(skill) || ask(skill);
}

function once(ask: Served): Served {
  const answers = new Map<string, Promise<boolean>>();
  return (skill) => {
    const answer = answers.get(skill) ?? ask(skill);
    answers.set(skill, answer);
    return answer;
  };
}

async function workerState(skill: string, served: Served): Promise<RequirementState> {
  if (await served(skill)) return { available: true, served: true };
  return { available: false, served: false, reason: `no live worker has the skill ${skill}` };
}

async function connectionState(query: RequirementQuery, find: FindConnection, served: Served): Promise<RequirementState> {
  const [found, isServed] = await Promise.all([find(query.skill), served(query.skill)]);
  if ('reason' in found) return { available: false, served: isServed, reason: found.reason };
  const { connection } = found;
  const reason = whyNot(query, connection);
  return {
    available: reason === undefined,
    served: isServed,
    revision: connection.revision,
    ...(reason === undefined ? {} : { reason }),
  };
}

/** The source of connections; what cannot be read is told. */
class Connections {
  readonly #deps: RequirementsDeps;
  /** Why those that could not be read the last time could not, by owner and skill. */
  readonly #unreadable = new Map<string, string>();

  constructor(deps: RequirementsDeps) {
    this.#deps = deps;
  }

  async find(skill: string, owner: string | undefined): Promise<{ connection: Connection } | { reason: string }> {
    const key = JSON.stringify([owner, skill]);
    try {
      const connection = await this.#deps.connections.get(skill, owner);
      this.#unreadable.delete(key);
      return connection === undefined ? { reason: await this.#whyMissing(skill, owner) } : { connection };
    } catch (error) {
      // A run only waits until it can be read again.
      const reason = unreadable(error);
      if (this.#unreadable.get(key) !== reason) this.#deps.onUnreadable(skill, error);
      this.#unreadable.set(key, reason);
      return { reason };
    }
  }

  async #whyMissing(skill: string, owner: string | undefined): Promise<string> {
    const problem = await this.#deps.connections.problem?.(skill, owner);
    return problem === undefined ? `there is no connection ${skill}` : wellFormed(cut(`the connection ${skill} ${problem}`, LONGEST_REASON));
  }
}

/** Our own errors hold no secrets; what another one holds is not known. */
function unreadable(error: unknown): string {
  const why = error instanceof DistriError ? `: ${error.message}` : '';
  return wellFormed(cut(`the connection cannot be read${why}`, LONGEST_REASON));
}

function whyNot(query: RequirementQuery, connection: Connection): string | undefined {
  const lacking = (query.permissions ?? []).filter((permission) => !connection.permissions.includes(permission));
  if (lacking.length > 0) return `lacks the permission${lacking.length > 1 ? 's' : ''} ${lacking.join(', ')}`;
  const { expires_at: expires } = connection;
  if (expires !== undefined && !(Date.parse(expires) > Date.now())) return `expired at ${expires}`;
  if (query.rejected_revision === connection.revision) return 'was rejected with 401 or 403 and has not changed since';
  return undefined;
}

async function toolStates(names: readonly string[], deps: RequirementsDeps, served: Served): Promise<RequirementsReport['tools']> {
  const announced = names.every((name) => deps.toolSkill(name) !== undefined) ? [] : await deps.catalogue();
  const states = await Promise.all(names.map((name) => toolState(name, deps, announced, served)));
  const tools = dictionary<ToolState>();
  names.forEach((name, index) => (tools[name] = states[index] ?? null));
  return tools;
}

async function toolState(
  name: string,
  deps: RequirementsDeps,
  announced: readonly WorkerAnnouncement[],
  served: Served,
): Promise<ToolState> {
  const own = deps.toolSkill(name);
  if (own !== undefined) return { skill: own, live: await served(own) };
  const offered = announced.flatMap((worker) => worker.tools.filter((tool) => tool.name === name).map((tool) => tool.skill));
  const skills = [...new Set(offered)];
  const lives = await Promise.all(skills.map(served));
  const skill = skills[Math.max(0, lives.indexOf(true))];
  return skill === undefined ? null : { skill, live: lives.includes(true) };
}

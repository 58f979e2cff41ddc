import { activityInfo, ApplicationFailure } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
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

export interface RequirementsDeps {
  /** Skills whose queues this very process polls, as of now: they are known without asking the server. */
  readonly ownSkills: ReadonlySet<string>;
  /** The skill of one of this process's own tools. */
  toolSkill(name: string): string | undefined;
  readonly connections: ConnectionSource;
  readonly pollers: Pollers;
  /** What live workers have announced; empty when there is no catalogue yet. */
  catalogue(): Promise<readonly WorkerAnnouncement[]>;
}

/** What workers have missed does not count as there, whatever is known here, until a pause has passed. */
const MISSED: RequirementState = { available: false, served: false, reason: 'a worker that needs it has not found it' };

type Served = (skill: string) => Promise<boolean>;
type GetConnection = (skill: string) => Promise<Connection | undefined>;
type ToolState = RequirementsReport['tools'][string];

/** The activities that say what a run's steps need is there (see {@link RequirementsCheck}). */
export interface RequirementsActivities {
  readonly check_requirements: (check: RequirementsCheck) => Promise<RequirementsReport>;
  readonly await_requirements: (check: RequirementsCheck) => Promise<RequirementsReport>;
}

export function createRequirements(deps: RequirementsDeps): RequirementsActivities {
  return {
    check_requirements: (check) => report(check, deps, (skill) => deps.pollers.confirmed(skill)),

    async await_requirements(check) {
      const { attempt } = activityInfo();
      const found = await report(attempt > 1 ? withoutPause(check) : check, deps, (skill) => deps.pollers.live(skill));
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

/** A pause has passed: what workers had missed is looked for like all else. */
function withoutPause(check: RequirementsCheck): RequirementsCheck {
  return { ...check, requirements: check.requirements.map(({ missed: _, ...query }) => query) };
}

/** How many pauses there have been before: the more often workers miss something, the longer the next pause. */
function pauses({ requirements }: RequirementsCheck): number {
  return Math.max(0, ...requirements.map(({ missed = 2 }) => missed - 2));
}

async function report(check: RequirementsCheck, deps: RequirementsDeps, confirm: Served): Promise<RequirementsReport> {
  // A needed worker is looked for with patience, but where else a step could run is told at a glance.
  const needed = ownOr(deps.ownSkills, once(confirm));
  const glance = ownOr(deps.ownSkills, once((skill) => deps.pollers.live(skill)));
  const [requirements, tools] = await Promise.all([
    Promise.all(
      check.requirements.map(async (query) => {
        if (query.missed !== undefined) return MISSED;
        if (needsWorker(query)) return workerState(query.skill, needed);
        return connectionState(query, (skill) => deps.connections.get(skill, check.owner), glance);
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

async function connectionState(query: RequirementQuery, get: GetConnection, served: Served): Promise<RequirementState> {
  const [found, isServed] = await Promise.all([find(query.skill, get), served(query.skill)]);
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

async function find(skill: string, get: GetConnection): Promise<{ connection: Connection } | { reason: string }> {
  try {
    const connection = await get(skill);
    return connection === undefined ? { reason: `there is no connection ${skill}` } : { connection };
  } catch {
    // The source's owner is told when it is read for its queues; a run only waits until it can be read again.
    return { reason: 'the connections cannot be read' };
  }
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

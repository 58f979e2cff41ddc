import type { ToolEntry, WorkerAnnouncement } from '../definition/messages.js';
import { readCatalogue } from '../temporal/catalogue.js';
import { isUnanswered, noAnswer, translate } from './rpc.js';
import type { Session } from './session.js';

/** A skill and the identities of the live workers that serve it. */
export interface SkillInfo {
  skill: string;
  workers: string[];
}

/** A tool and the identities of the live workers that have it. */
export type ToolInfo = ToolEntry & { workers: string[] };

/** What live workers announce; empty when none ever has. Throws `NO_WORKER` when no engine worker answers. */
export async function liveWorkers(session: Session): Promise<WorkerAnnouncement[]> {
  try {
    return await readCatalogue(session.client, session.queuePrefix);
  } catch (error) {
    throw isUnanswered(error) ? await noAnswer(session, error) : translate(session, error, '');
  }
}

/** Skills by name. */
export function skillsOf(workers: readonly WorkerAnnouncement[]): SkillInfo[] {
  const skills = new Map<string, string[]>();
  for (const { identity, skills: served } of workers) {
    for (const skill of new Set(served)) skills.set(skill, [...(skills.get(skill) ?? []), identity]);
  }
  return [...skills].map(([skill, identities]) => ({ skill, workers: identities })).sort((a, b) => order(a.skill, b.skill));
}

/** Tools by name; one that workers announce with different schemas is listed once per hash. */
export function toolsOf(workers: readonly WorkerAnnouncement[]): ToolInfo[] {
  const tools = new Map<string, ToolInfo>();
  for (const { identity, tools: offered } of workers) {
    for (const tool of offered) {
      const key = JSON.stringify([tool.name, tool.hash]);
      const known = tools.get(key);
      tools.set(key, { ...(known ?? tool), workers: [...(known?.workers ?? []), identity] });
    }
  }
  return [...tools.values()].sort((a, b) => order(a.name, b.name));
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

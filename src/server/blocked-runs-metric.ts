import { Gauge, type Registry } from 'prom-client';
import type { DistriClient } from '../client/index.js';

/** Runs that are counted at most, and skills that are told of at most: their names come from users. */
const MOST_RUNS = 2_000;
const MOST_SKILLS = 200;
/** A scrape gets what was counted this long ago, rather than count anew. */
const FRESH_MS = 10_000;
/** A scrape does not wait longer for a count. */
const PATIENCE_MS = 3_000;

/** Adds `distri_blocked_runs{skill}`: by it a fleet starts the first worker of a skill, whose queue is empty while its runs are blocked. */
export function addBlockedRunsMetric(registry: Registry, client: Pick<DistriClient, 'listRuns'>): void {
  let counts: [skill: string, runs: number][] = [];
  let countedAt = -Infinity;
  let underWay: Promise<void> | undefined;
  const count = async (): Promise<void> => {
    try {
      counts = await countBySkill(client);
      countedAt = Date.now();
    } catch {
      // Temporal does not answer: what was counted before would mislead.
      counts = [];
    } finally {
      underWay = undefined;
    }
  };
  new Gauge({
    name: 'distri_blocked_runs',
    help: `Blocked runs that lack a skill, by the skill; of the ${MOST_RUNS} newest ones`,
    labelNames: ['skill'],
    registers: [registry],
    async collect() {
      if (Date.now() - countedAt > FRESH_MS) underWay ??= count();
      await within(underWay);
      this.reset();
      for (const [skill, runs] of counts) this.set({ skill }, runs);
    },
  });
}

async function countBySkill(client: Pick<DistriClient, 'listRuns'>): Promise<[string, number][]> {
  const bySkill = new Map<string, number>();
  for await (const { missing = [] } of client.listRuns({ status: 'blocked', limit: MOST_RUNS })) {
    for (const skill of missing) bySkill.set(skill, (bySkill.get(skill) ?? 0) + 1);
  }
  return [...bySkill].sort(([, one], [, other]) => other - one).slice(0, MOST_SKILLS);
}

async function within(counting: Promise<void> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS);
  });
  await Promise.race([counting, late]);
  clearTimeout(timer);
}

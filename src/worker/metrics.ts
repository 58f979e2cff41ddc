import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { StepObservation } from '../activities/step.js';

const BUCKETS_SECS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];

/** The worker's own Prometheus metrics. `running` tells how many activities run on each skill's queue right now. */
export class WorkerMetrics {
  readonly registry = new Registry();
  readonly #attempts = new Counter({
    name: 'distri_step_attempts_total',
    help: 'Attempts of steps that have ended on this worker',
    labelNames: ['kind', 'outcome'],
    registers: [this.registry],
  });
  readonly #failures = new Counter({
    name: 'distri_step_failures_total',
    help: 'Attempts that failed, by the code of the failure',
    labelNames: ['kind', 'code'],
    registers: [this.registry],
  });
  readonly #seconds = new Histogram({
    name: 'distri_step_attempt_seconds',
    help: 'How long an attempt of a step took',
    labelNames: ['kind', 'outcome'],
    buckets: BUCKETS_SECS,
    registers: [this.registry],
  });

  constructor(running: () => Iterable<readonly [skill: string, activities: number]>) {
    collectDefaultMetrics({ register: this.registry });
    new Gauge({
      name: 'distri_activities_running',
      help: 'Activities that run on this worker, by the skill of their queue',
      labelNames: ['skill'],
      registers: [this.registry],
      collect() {
        for (const [skill, activities] of running()) this.set({ skill }, activities);
      },
    });
  }

  readonly observe = ({ kind, outcome, code, seconds }: StepObservation): void => {
    this.#attempts.inc({ kind, outcome });
    this.#seconds.observe({ kind, outcome }, seconds);
    if (code !== undefined) this.#failures.inc({ kind, code });
  };
}

/** The metrics of Temporal's core (`temporal_…`); empty when its exporter does not answer. */
export async function readCoreMetrics(address: string): Promise<string> {
  try {
    const answer = await fetch(`http://${address}/metrics`, { signal: AbortSignal.timeout(2_000) });
    return answer.ok ? await answer.text() : '';
  } catch {
    return '';
  }
}

import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import type { Row } from './row.js';

/** What one benchmark gave. */
export interface CaseReport {
  readonly name: string;
  readonly title: string;
  readonly rows: readonly Row[];
}

const RESULTS = fileURLToPath(new URL('../results', import.meta.url));

function shown(value: number | undefined, unit = ''): string {
  if (value === undefined) return '';
  const digits = Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0;
  return `${value.toFixed(Number.isInteger(value) ? 0 : digits)}${unit && ` ${unit}`}`;
}

function verdict(row: Row): string {
  return row.ok === undefined ? '' : row.ok ? 'ok' : 'MISSED';
}

/** The rows as a table for a terminal. */
export function tableOf(reports: readonly CaseReport[]): string {
  const table = new Table({ head: ['benchmark', 'measure', 'ours', 'twin', 'ratio', 'target', ''], style: { head: [], border: [] } });
  for (const { name, rows } of reports) {
    for (const row of rows) {
      table.push([name, row.measure, shown(row.ours, row.unit), shown(row.twin, row.unit), row.ratio?.toFixed(2) ?? '', row.target ?? '', verdict(row)]);
    }
  }
  return table.toString();
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], { cwd: dirname(RESULTS), encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
}

/** Writes all that was measured as JSON, by default under bench/results; answers the path. */
export async function writeReport(reports: readonly CaseReport[], at: Date, file?: string): Promise<string> {
  const path = file ?? join(RESULTS, `${at.toISOString().replaceAll(':', '-')}.json`);
  await mkdir(dirname(path), { recursive: true });
  const machine = { node: process.version, platform: process.platform, cpus: cpus().length, cpu: cpus()[0]?.model ?? 'unknown' };
  await writeFile(path, `${JSON.stringify({ at: at.toISOString(), commit: commit(), machine, benchmarks: reports }, null, 2)}\n`);
  return path;
}

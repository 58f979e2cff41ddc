import { InvalidArgumentError, program } from 'commander';
import { withBench } from './bench.js';
import { cases } from './cases/index.js';
import type { Case } from './cases/case.js';
import { tableOf, writeReport, type CaseReport } from './report.js';

interface Flags {
  only?: Case[];
  quick?: boolean;
  json?: string;
  profile?: string;
}

function caseNamed(name: string, chosen: Case[] = []): Case[] {
  const found = cases.find((candidate) => candidate.name === name);
  if (!found) throw new InvalidArgumentError(`Choose from ${cases.map((candidate) => candidate.name).join(', ')}.`);
  return [...chosen, found];
}

program
  .name('bench')
  .description('Measures runs beside hand-coded Temporal workflows that do the same.')
  .option('--only <name>', 'only this benchmark; may be repeated', caseNamed)
  .option('--quick', 'fewer pairs')
  .option('--json <file>', 'where the measurements go (default: a file in bench/results)')
  .option('--profile <folder>', 'CPU profiles of both worker processes')
  .parse();

const { only = cases, quick = false, json, profile } = program.opts<Flags>();
const at = new Date();
const reports = await withBench(profile, async (bench) => {
  const done: CaseReport[] = [];
  for (const benchmark of only) {
    const { name, title, pairs, quickPairs } = benchmark;
    bench.say(`${name}: ${title}`);
    done.push({ name, title, rows: await benchmark.run(bench, quick ? quickPairs : pairs) });
  }
  return done;
});
console.log(tableOf(reports));
console.error(`measurements: ${await writeReport(reports, at, json)}`);
process.exit();

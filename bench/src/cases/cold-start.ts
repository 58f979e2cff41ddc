import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findTemporal } from '../../../dist/cli/embedded.js';
import { timeScript } from '../child.js';
import { chainDocument } from '../documents.js';
import { measurePairs } from '../pairs.js';
import { pairedRow, type Row } from '../row.js';
import type { Bench } from '../sides.js';
import type { Case } from './case.js';

const STEPS = 3;
const MOST_MS = 3_000;
const CLI = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const TOOLS = fileURLToPath(new URL('../../noop.tools.mjs', import.meta.url));
const TWIN = fileURLToPath(new URL('../twin/cold.js', import.meta.url));

/** Nothing that names a server; the program is in the folder's cache. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

async function folderWithProgram(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'distri-bench-'));
  await mkdir(join(folder, '.distri', 'bin'), { recursive: true });
  await symlink(await findTemporal(), join(folder, '.distri', 'bin', 'temporal'));
  return folder;
}

async function measure(bench: Bench, pairs: number, ours: string, twin: string): Promise<Row[]> {
  const document = join(ours, 'three.json');
  await writeFile(document, JSON.stringify(chainDocument(STEPS)));
  const options = (cwd: string) => ({ cwd, env: environment() });
  const times = await measurePairs(bench, { name: 'cold-start', pairs }, {
    ours: async () => {
      const { ms, stdout } = await timeScript(CLI, ['run', document, '--tools', TOOLS, '--json'], options(ours));
      const { status } = JSON.parse(stdout) as { status: string };
      if (status !== 'completed') throw new Error(`the cold run is ${status}`);
      return ms;
    },
    twin: async () => (await timeScript(TWIN, [join(twin, '.distri'), bench.bundles.twin], options(twin))).ms,
  });
  const row = pairedRow(`command to the result of ${STEPS} steps`, 'ms', times);
  return [{ ...row, target: `ours ≤ ${MOST_MS} ms`, ok: row.ours <= MOST_MS }];
}

export const coldStart: Case = {
  name: 'cold-start',
  title: 'server, worker and a run of three steps, from nothing but a cached program',
  pairs: 5,
  quickPairs: 2,
  async run(bench, pairs) {
    const [ours, twin] = await Promise.all([folderWithProgram(), folderWithProgram()]);
    try {
      return await measure(bench, pairs, ours, twin);
    } finally {
      await Promise.all([ours, twin].map((folder) => rm(folder, { recursive: true, force: true })));
    }
  },
};

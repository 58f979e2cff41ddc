import { pruneStorage } from '../../temporal/data/prune.js';
import { withCleanup } from '../cleanup.js';
import type { PruneFlags } from '../commands/storage.js';
import type { Context } from '../context.js';
import { EXIT, UsageError } from '../errors.js';
import { openClient, requireServer } from '../server.js';
import { printJson } from '../terminal.js';

/** Counts the payloads of runs that are gone, and removes them with `--remove`. */
export async function prune(context: Context, { remove = false }: PruneFlags): Promise<number> {
  return withCleanup(async (cleanup) => {
    const server = await requireServer(context);
    const { payloadDir } = server.data;
    if (payloadDir === undefined) {
      throw new UsageError('No folder of payloads is configured', 'Give --payload-dir or DISTRI_PAYLOAD_DIR, as for the workers.');
    }
    const client = await openClient(context, server, cleanup);
    const { runs, prunable } = await pruneStorage(client.temporal, payloadDir, { remove });
    const files = prunable.reduce((sum, run) => sum + run.files, 0);
    const bytes = prunable.reduce((sum, run) => sum + run.bytes, 0);
    const { terminal } = context;
    if (terminal.json) {
      printJson(terminal, { payload_dir: payloadDir, removed: remove, runs_with_payloads: runs, runs: prunable.length, files, bytes });
    } else {
      const found = `${files} payloads, ${bytes} bytes, of ${prunable.length} runs that are gone`;
      terminal.print(remove ? `Removed ${found}.` : `Found ${found}; ${runs} runs have payloads.`);
      if (!remove && files > 0) terminal.say('Nothing was removed: add --remove.');
    }
    return EXIT.completed;
  });
}

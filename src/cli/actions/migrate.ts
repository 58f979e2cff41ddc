import { describeMigration, type MigrationDecision, type MigrationOutcome } from '../../client/index.js';
import { dictionary } from '../../definition/json.js';
import { MIGRATION_DECISIONS } from '../../definition/migration.js';
import { withCleanup } from '../cleanup.js';
import type { MigrateFlags } from '../commands/migrate.js';
import type { Context } from '../context.js';
import { readDocument } from '../document.js';
import { EXIT, UsageError } from '../errors.js';
import { openClient, requireServer } from '../server.js';
import { printJson } from '../terminal.js';

/** Moves a live run to another definition, or says what that means. */
export async function migrate(context: Context, id: string, file: string, { decide = [], dryRun }: MigrateFlags): Promise<number> {
  const decisions = readDecisions(decide);
  const document = await readDocument(file);
  return withCleanup(async (cleanup) => {
    const client = await openClient(context, await requireServer(context), cleanup);
    const outcome = await client.getRun(id).migrate(document, { decisions, ...(dryRun === true && { dryRun }) });
    show(context, id, outcome, dryRun === true);
    return dryRun !== true || outcome.plan.verdict === 'compatible' ? EXIT.completed : EXIT.refused;
  });
}

function readDecisions(texts: readonly string[]): { [stepId: string]: MigrationDecision } {
  const decisions = dictionary<MigrationDecision>();
  for (const text of texts) {
    const at = text.lastIndexOf('=');
    const decision = MIGRATION_DECISIONS.find((known) => known === text.slice(at + 1));
    if (at < 1 || decision === undefined) throw new UsageError(`--decide expects STEP=keep, STEP=rerun or STEP=drop, not '${text}'`);
    decisions[text.slice(0, at)] = decision;
  }
  return decisions;
}

function show({ terminal }: Context, id: string, { plan, applied }: MigrationOutcome, dryRun: boolean): void {
  if (terminal.json) return printJson(terminal, { run_id: id, ...(dryRun ? {} : { applied }), ...plan });
  terminal.print(describeMigration(plan));
  if (dryRun) return;
  terminal.say(applied ? `${id} goes on by the new definition.` : `${id} goes on by the new definition once its running steps have ended.`);
}

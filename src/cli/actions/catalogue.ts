import { withCleanup } from '../cleanup.js';
import type { Context } from '../context.js';
import { EXIT } from '../errors.js';
import { openClient, requireServer } from '../server.js';
import { printJson } from '../terminal.js';
import { printTable } from '../view/table.js';

/** Lists the skills that live workers serve. */
export async function listSkills(context: Context): Promise<number> {
  const { terminal } = context;
  return withCleanup(async (cleanup) => {
    const skills = await (await openClient(context, await requireServer(context), cleanup)).skills();
    if (terminal.json) printJson(terminal, skills);
    else printTable(terminal, ['SKILL', 'WORKERS'], skills.map(({ skill, workers }) => [skill, workers.join(', ')]), 'No live worker serves any skill.');
    return EXIT.completed;
  });
}

/** Lists the tools that live workers have. */
export async function listTools(context: Context): Promise<number> {
  const { terminal } = context;
  return withCleanup(async (cleanup) => {
    const tools = await (await openClient(context, await requireServer(context), cleanup)).tools();
    if (terminal.json) printJson(terminal, tools);
    else {
      const rows = tools.map(({ name, skill, description = '', workers }) => [name, skill, description, workers.join(', ')]);
      printTable(terminal, ['TOOL', 'SKILL', 'DESCRIPTION', 'WORKERS'], rows, 'No live worker has any tools.');
    }
    return EXIT.completed;
  });
}

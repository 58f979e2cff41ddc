import { stat } from 'node:fs/promises';
import { FolderWorkflows, newestOf } from '../activities/workflow-folder.js';
import type { WorkflowLookup } from '../definition/parse.js';
import type { Context } from './context.js';
import { UsageError } from './errors.js';

/** Ids that a hint names. */
const MOST_NAMED = 20;

/** The folder of `--workflows` or DISTRI_WORKFLOWS. */
export function workflowsFolder({ environment }: Context, flag: string | undefined): FolderWorkflows | undefined {
  const path = flag ?? environment.workflowsFolder;
  return path === undefined ? undefined : new FolderWorkflows(path);
}

/** What is in the folder now, for the checks of a document. */
export async function lookupIn(folder: FolderWorkflows): Promise<WorkflowLookup> {
  const workflows = await folder.list();
  return (id, version) => newestOf(workflows, id, version)?.document;
}

/** The file that `FILE|ID` names: itself when there is such a file, else that of the workflow in the folder. */
export async function documentFile(name: string, folder: FolderWorkflows | undefined): Promise<string> {
  if (name === '-' || folder === undefined || (await isThere(name))) return name;
  const workflows = await folder.list();
  const found = newestOf(workflows, name);
  if (found !== undefined) return found.file;
  const ids = [...new Set(workflows.map(({ id }) => id))];
  const hint = ids.length === 0 ? 'The folder has no workflows.' : `It has: ${ids.slice(0, MOST_NAMED).join(', ')}${ids.length > MOST_NAMED ? ', …' : ''}.`;
  throw new UsageError(`There is no file '${name}', and no workflow of that id in ${folder.folder}`, hint);
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

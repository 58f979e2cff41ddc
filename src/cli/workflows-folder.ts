import { stat } from 'node:fs/promises';
import { FolderWorkflows, newestOf } from '../activities/workflow-folder.js';
import type { ParsedWorkflow, WorkflowLookup } from '../definition/parse.js';
import type { Context } from './context.js';
import { readDocument } from './document.js';
import { UsageError } from './errors.js';
import { storedWorkflow } from './stored-workflow.js';

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

/** A document that `FILE|ID` names. */
export interface NamedDocument {
  /** Its file, or what it was named. */
  readonly name: string;
  /** Throws InvalidDefinitionError with every problem. */
  read(): Promise<ParsedWorkflow>;
}

/** What `FILE|ID` names: a file, else a workflow in the folder, else one that the API keeps. */
export async function findDocument(context: Context, name: string, folder: FolderWorkflows | undefined): Promise<NamedDocument> {
  const inFile = (file: string): NamedDocument => ({ name: file, read: () => readDocument(file) });
  if (name === '-' || (await isThere(name))) return inFile(name);
  const workflows = (await folder?.list()) ?? [];
  const found = newestOf(workflows, name);
  if (found !== undefined) return inFile(found.file);
  const stored = await storedWorkflow(context, name);
  if (stored !== undefined) return { name, read: async () => stored };
  if (folder === undefined) return inFile(name);
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

import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { DistriError } from '../definition/errors.js';
import { isObject, own, type JsonObject } from '../definition/json.js';
import { readJson } from '../definition/read-json.js';
import { readYaml } from '../definition/read-yaml.js';
import { innerDocument } from '../definition/unwrap.js';
import type { WorkflowSource } from './workflow-source.js';

const EXTENSIONS = new Set(['.json', '.yaml', '.yml']);

/** A document of the folder. */
export interface FolderWorkflow {
  readonly file: string;
  readonly id: string;
  /** Empty when it has none. */
  readonly version: string;
  readonly document: JsonObject;
}

interface Known {
  readonly modified: number;
  readonly document: JsonObject | undefined;
}

/**
 * The workflow documents in a folder, JSON and YAML, by their `id`; what lies in folders below it does not count. Files are
 * read when a workflow is asked for, and again when they have changed. A file that cannot be read as one is passed over.
 */
export class FolderWorkflows implements WorkflowSource {
  readonly folder: string;
  readonly #known = new Map<string, Known>();

  constructor(folder: string) {
    this.folder = resolve(folder);
  }

  /** @throws DistriError `UNREADABLE_FILE` when there is no such folder */
  async get(id: string, version?: string | number): Promise<JsonObject | undefined> {
    return newestOf(await this.list(), id, version)?.document;
  }

  /** All documents that have an id, by the names of their files. Throws as `get`. */
  async list(): Promise<FolderWorkflow[]> {
    const found: FolderWorkflow[] = [];
    for (const name of await this.#names()) {
      const file = join(this.folder, name);
      const document = await this.#read(file);
      const id = document && own(innerDocument(document), 'id');
      if (document !== undefined && typeof id === 'string') found.push({ file, id, version: versionOf(document), document });
    }
    return found;
  }

  async #names(): Promise<string[]> {
    try {
      const names = await readdir(this.folder);
      return names.filter((name) => EXTENSIONS.has(extname(name).toLowerCase())).sort();
    } catch (cause) {
      throw new DistriError('UNREADABLE_FILE', `The folder of workflows ${this.folder} cannot be read: ${String(cause)}`, {
        cause,
        hint: 'It is that of --workflows or DISTRI_WORKFLOWS.',
      });
    }
  }

  async #read(path: string): Promise<JsonObject | undefined> {
    try {
      const { mtimeMs: modified } = await stat(path);
      const known = this.#known.get(path);
      if (known?.modified === modified) return known.document;
      const text = await readFile(path, 'utf8');
      const { value } = extname(path).toLowerCase() === '.json' ? readJson(text) : readYaml(text);
      const document = isObject(value) ? value : undefined;
      this.#known.set(path, { modified, document });
      return document;
    } catch {
      return undefined;
    }
  }
}

/** The one with this id; with a version that one, else the newest. */
export function newestOf(workflows: readonly FolderWorkflow[], id: string, version?: string | number): FolderWorkflow | undefined {
  return workflows
    .filter((each) => each.id === id && (version === undefined || each.version === String(version)))
    .sort((a, b) => compareVersions(a.version, b.version))
    .at(-1);
}

/** The version as text; empty when there is none. */
function versionOf(document: JsonObject): string {
  const version = own(innerDocument(document), 'version') ?? own(document, 'version');
  return typeof version === 'string' || typeof version === 'number' ? String(version) : '';
}

/** `10` is newer than `9`, and `1.10` than `1.9`; a document without a version is the oldest. */
function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

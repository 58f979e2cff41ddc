import { randomUUID } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { findNodeAtLocation, parseTree, type ParseError } from 'jsonc-parser';
import { lock } from 'proper-lockfile';
import writeFileAtomic from 'write-file-atomic';
import { DistriError } from '../definition/errors.js';
import { LineIndex } from '../definition/positions.js';
import { messageOf } from '../definition/text.js';
import type { Connection, ConnectionSource } from './connection.js';
import { checkedConnection, connectionsFileSchema, describeIssues, keysOf, type StoredConnection } from './connections-schema.js';

/** A connection to add; its revision is made here. */
export type NewConnection = Omit<Connection, 'revision'>;

interface Loaded {
  /** Differs whenever the file does. */
  version: string;
  /** ISO 8601. */
  changedAt: string;
  stored: StoredConnection[];
}

/**
 * Connections in a JSON file, `{version: 1, connections: […]}`, which only its owner may read. A missing file holds none.
 * Changes by other processes are seen at the next call. Expired connections are given too; see `expires_at`.
 * Each method throws DistriError `BAD_CONNECTIONS_FILE` with path and line when the file cannot be understood.
 */
export class FileConnections implements ConnectionSource {
  private loaded: Loaded | undefined;

  /** `warn` is told when others may read the file, once per change of it. Default: a warning of the process. */
  constructor(
    readonly path: string,
    private readonly warn: (message: string) => void = (message) => process.emitWarning(message),
  ) {}

  async get(skill: string): Promise<Connection | undefined> {
    return (await this.list()).find((connection) => connection.skill === skill);
  }

  async list(): Promise<Connection[]> {
    const { stored, changedAt } = await this.load();
    return stored.map(({ updated_at: _, expires_at, revision = changedAt, ...connection }) => ({
      ...connection,
      revision,
      ...(expires_at === undefined ? {} : { expires_at }),
    }));
  }

  /** Whether there has never been such a file. */
  async isAbsent(): Promise<boolean> {
    await this.load();
    return this.loaded === undefined;
  }

  /**
   * Adds a connection, or replaces the one of the same skill, with a new revision.
   *
   * @throws DistriError `BAD_SKILL`, `BAD_HEADER` or `WRONG_TYPE` when it cannot be used; then nothing is written.
   */
  async add(connection: NewConnection): Promise<void> {
    const entry = { ...checkedConnection(connection), revision: randomUUID(), updated_at: new Date().toISOString() };
    await this.change((stored) => [...stored.filter(({ skill }) => skill !== entry.skill), entry]);
  }

  /** Removes the connection of a skill; false when there was none. */
  async remove(skill: string): Promise<boolean> {
    let found = false;
    await this.change((stored) => {
      const others = stored.filter((connection) => connection.skill !== skill);
      found = others.length < stored.length;
      return found ? others : undefined;
    });
    return found;
  }

  /** Reads, changes and writes the file while no other process does; undefined leaves it as it is. */
  private async change(edit: (stored: StoredConnection[]) => StoredConnection[] | undefined): Promise<void> {
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      const release = await lock(this.path, {
        realpath: false,
        stale: 10_000,
        retries: { retries: 40, minTimeout: 25, maxTimeout: 500 },
        // The default throws where nobody can catch it; the write itself is atomic in any case.
        onCompromised: () => undefined,
      });
      try {
        const connections = edit((await this.load()).stored);
        if (connections === undefined) return;
        await writeFileAtomic(this.path, `${JSON.stringify({ version: 1, connections }, null, 2)}\n`, { mode: 0o600 });
      } finally {
        await release().catch(() => undefined);
      }
    } catch (error) {
      if (error instanceof DistriError) throw error;
      throw new DistriError('BAD_CONNECTIONS_FILE', `The connections file ${this.path} cannot be written: ${reasonOf(error)}`, {
        cause: error,
        hint: `If no other distri-workflow runs, remove ${this.path}.lock; else look at who may write there.`,
      });
    }
  }

  private async load(): Promise<Loaded> {
    try {
      const { ino, size, mtimeNs, mtime, mode } = await stat(this.path, { bigint: true });
      const version = [ino, size, mtimeNs].join(':');
      if (this.loaded?.version === version) return this.loaded;
      this.loaded = { version, changedAt: mtime.toISOString(), stored: parse(this.path, await readFile(this.path, 'utf8')) };
      const others = Number(mode & 0o077n);
      if (others !== 0 && process.platform !== 'win32') {
        this.warn(`Others may read the connections file ${this.path}, which holds secrets: run chmod 600 on it`);
      }
      return this.loaded;
    } catch (error) {
      if (error instanceof DistriError) throw error;
      if (codeOf(error) === 'ENOENT') return { version: 'none', changedAt: '', stored: [] };
      throw new DistriError('BAD_CONNECTIONS_FILE', `The connections file ${this.path} cannot be read: ${reasonOf(error)}`, { cause: error });
    }
  }
}

function parse(path: string, text: string): StoredConnection[] {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { disallowComments: true });
  const lines = new LineIndex(text);
  const fail = (offset: number, message: string): never => {
    const { line, column } = lines.position(offset);
    throw new DistriError('BAD_CONNECTIONS_FILE', `The connections file ${path} is wrong at line ${line}, column ${column}: ${message}`, {
      hint: 'Correct it, or remove the entry and add it again with `distri-workflow connections add`.',
    });
  };
  const [syntax] = errors;
  if (tree === undefined || syntax !== undefined) return fail(syntax?.offset ?? 0, 'this is not JSON');
  const checked = connectionsFileSchema.safeParse(JSON.parse(text));
  if (checked.success) return checked.data.connections;
  const [first] = checked.error.issues;
  let at = first === undefined ? [] : keysOf(first);
  while (at.length > 0 && findNodeAtLocation(tree, at) === undefined) at = at.slice(0, -1);
  return fail(findNodeAtLocation(tree, at)?.offset ?? 0, describeIssues(checked.error));
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function reasonOf(error: unknown): string {
  return codeOf(error) === 'ELOCKED' ? 'another process is writing it' : messageOf(error);
}

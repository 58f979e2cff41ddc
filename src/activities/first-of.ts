import type { JsonObject } from '../definition/json.js';
import type { Connection, ConnectionSource, ListedConnection } from './connection.js';
import type { WorkflowSource } from './workflow-source.js';

/** Several sources of workflows as one: the first that has a workflow gives it. */
export class FirstOfWorkflows implements WorkflowSource {
  readonly #sources: readonly WorkflowSource[];

  constructor(sources: readonly WorkflowSource[]) {
    this.#sources = sources;
  }

  async get(id: string, version?: string | number, owner?: string): Promise<JsonObject | undefined> {
    for (const source of this.#sources) {
      const found = await source.get(id, version, owner);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** Several sources of connections as one: the first that has a skill gives it. */
export class FirstOfConnections implements ConnectionSource {
  readonly #sources: readonly ConnectionSource[];

  constructor(sources: readonly ConnectionSource[]) {
    this.#sources = sources;
  }

  async get(skill: string, owner?: string): Promise<Connection | undefined> {
    for (const source of this.#sources) {
      const found = await source.get(skill, owner);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async problem(skill: string, owner?: string): Promise<string | undefined> {
    for (const source of this.#sources) {
      const problem = await source.problem?.(skill, owner);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  async list(): Promise<ListedConnection[]> {
    return (await Promise.all(this.#sources.map((source) => source.list()))).flat();
  }

  async rejected(skill: string, revision: string, owner?: string): Promise<void> {
    for (const source of this.#sources) await source.rejected?.(skill, revision, owner);
  }

  async isAbsent(): Promise<boolean> {
    for (const source of this.#sources) if ((await source.isAbsent?.()) !== true) return false;
    return true;
  }
}

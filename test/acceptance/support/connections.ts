import type { Connection, ConnectionSource } from '../../../src/activities/connection.js';

/** Connections that a test adds and changes while runs go on. */
export class TestConnections implements ConnectionSource {
  readonly #connections = new Map<string, Connection>();
  #revisions = 0;

  /** Adds a connection or puts another in its place, with a revision of its own. */
  set(skill: string, given: Partial<Connection> = {}): void {
    this.#revisions += 1;
    const revision = `r${this.#revisions}`;
    this.#connections.set(skill, { permissions: [], env: {}, secrets: {}, headers: {}, hosts: [], revision, ...given, skill });
  }

  async get(skill: string): Promise<Connection | undefined> {
    return this.#connections.get(skill);
  }

  async list(): Promise<Connection[]> {
    return [...this.#connections.values()];
  }
}

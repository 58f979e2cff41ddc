import type { DistriClient, RunInfo } from '../client/index.js';
import { DistriError, RunNotFoundError } from '../definition/errors.js';
import type { Store } from '../store/index.js';
import { orArchived } from './archive.js';
import type { Identity } from './identity.js';

/** Whose run it is, and what it is a run of; this never changes. */
export interface RunOrigin {
  readonly runId: string;
  readonly owner: string | undefined;
  readonly workflowId: string;
  readonly parentRunId: string | undefined;
}

/** Whether a user may edit a stored workflow. Throws `STORE_UNAVAILABLE`. */
export type MayEdit = (identity: Identity, workflowId: string) => Promise<boolean>;

/** Short, because an id may be given to another run once Temporal has forgotten the first. */
const REMEMBERED_MS = 60_000;
const MOST_REMEMBERED = 10_000;
/** Runs above a run that are looked at. */
const MOST_ANCESTORS = 16;

/**
 * Who sees a run: its owner, admins, who owns or edits the stored workflow that it is a run of, and who sees the run that
 * started it. To all others it is not there.
 */
export class RunAccess {
  readonly #remembered = new Map<string, { origin: RunOrigin; until: number }>();

  constructor(
    readonly client: DistriClient,
    readonly store: Store,
    readonly mayEdit: MayEdit,
  ) {}

  /**
   * The store is asked only for runs that are not the user's own.
   * @throws DistriError `RUN_NOT_FOUND`, also for a run that is not to be seen; `STORE_UNAVAILABLE`
   */
  async check(identity: Identity, runId: string): Promise<void> {
    if (identity.isAdmin) return;
    const lineage = await this.#lineage(runId);
    if (lineage.some(({ owner }) => owner === identity.user)) return;
    for (const workflowId of new Set(lineage.map((origin) => origin.workflowId))) {
      if (await this.mayEdit(identity, workflowId)) return;
    }
    // As for a run that Temporal does not know, which only the store could: what is denied must look like what is not there.
    await this.store.database.ping();
    throw new RunNotFoundError(runId);
  }

  /**
   * As `check`, for what only the run's own user may do: it acts with their connections.
   * @throws DistriError as `check`, and `FORBIDDEN` for who sees the run only
   */
  async checkOwn(identity: Identity, runId: string): Promise<void> {
    await this.check(identity, runId);
    if (identity.isAdmin || (await this.originOf(runId)).owner === identity.user) return;
    throw new DistriError('FORBIDDEN', `Only whose run it is may give '${runId}' another definition: it acts with their connections`);
  }

  /** Throws as `check`, for runs that are not there only. */
  async originOf(runId: string): Promise<RunOrigin> {
    const known = this.#remembered.get(runId);
    if (known !== undefined && known.until > Date.now()) return known.origin;
    const origin = await this.#find(runId);
    this.#remembered.delete(runId);
    this.#remembered.set(runId, { origin, until: Date.now() + REMEMBERED_MS });
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= MOST_REMEMBERED) break;
      this.#remembered.delete(oldest);
    }
    return origin;
  }

  /** The run and those above it. One that is no longer there ends the line. */
  async #lineage(runId: string): Promise<RunOrigin[]> {
    const line = [await this.originOf(runId)];
    for (let above = line[0]?.parentRunId; above !== undefined && line.length <= MOST_ANCESTORS; above = line.at(-1)?.parentRunId) {
      try {
        line.push(await this.originOf(above));
      } catch (error) {
        if (error instanceof RunNotFoundError) break;
        throw error;
      }
    }
    return line;
  }

  async #find(runId: string): Promise<RunOrigin> {
    const { owner, workflow_id, parent_run_id } = await orArchived<Pick<RunInfo, 'owner' | 'workflow_id' | 'parent_run_id'>>(
      this.store,
      runId,
      () => this.client.getRun(runId).describe(),
      (ended) => ({ ...ended.snapshot, owner: ended.owner }),
    );
    return { runId, owner, workflowId: workflow_id, parentRunId: parent_run_id };
  }
}

/** For `catch`: undefined for a run that is not there; any other error is thrown on. */
export function ifThere(error: unknown): undefined {
  if (error instanceof RunNotFoundError) return undefined;
  throw error;
}

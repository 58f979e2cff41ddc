import { setTimeout as delay } from 'node:timers/promises';
import { hasMark, listProcesses } from './processes.js';

/** From SIGTERM to SIGKILL. */
const KILL_AFTER_MS = 2000;
const POLL_MS = 50;
/** Rounds of SIGKILL: a process that starts others all the time is one round ahead at most. */
const MOST_KILLS = 50;

/** The first process of a script, which leads a session and a group of its own. */
export interface Root {
  readonly pid: number;
  readonly started: number | undefined;
  readonly mark: string;
}

/**
 * Ends a script with all its descendants, whatever group, session or parent they have by now: SIGTERM to each, after 2 s
 * SIGKILL. A process is one of the script's when it is in the group or session of one, a child of one, or has the
 * script's mark in its environment.
 */
export async function endTree(root: Root): Promise<void> {
  const tree = new Tree(root);
  const told = new Set<number>();
  const until = Date.now() + KILL_AFTER_MS;
  for (let found = tree.alive(); found.length > 0; found = tree.alive()) {
    if (Date.now() >= until) return killAll(tree);
    for (const pid of found) {
      if (!told.has(pid)) signal(pid, 'SIGTERM');
      told.add(pid);
    }
    await delay(POLL_MS);
  }
}

async function killAll(tree: Tree): Promise<void> {
  for (let round = 0; round < MOST_KILLS; round++) {
    const found = tree.alive();
    if (found.length === 0) return;
    for (const pid of found) signal(pid, 'SIGKILL');
    await delay(5);
  }
}

class Tree {
  /** Those found so far by when they began: their groups, sessions and children belong to the script, also once they have ended. */
  readonly #known = new Map<number, number | undefined>();

  constructor(private readonly root: Root) {
    this.#known.set(root.pid, root.started);
  }

  /** The script's processes that have not ended. */
  alive(): number[] {
    const { started = 0, mark } = this.root;
    // What began before the script is none of it, which spares reading most environments.
    const others = new Set(listProcesses().filter((each) => each.pid !== process.pid && (each.started ?? started) >= started));
    const found: number[] = [];
    for (let more = true; more; ) {
      more = false;
      for (const each of others) {
        const { pid, parent, group, session } = each;
        const related = this.#is(each) || [parent, group, session].some((of) => this.#known.has(of)) || hasMark(pid, mark);
        if (!related) continue;
        others.delete(each);
        this.#known.set(pid, each.started);
        found.push(pid);
        more = true;
      }
    }
    return found;
  }

  #is({ pid, started }: { pid: number; started: number | undefined }): boolean {
    return this.#known.has(pid) && this.#known.get(pid) === started;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}

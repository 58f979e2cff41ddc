import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { MARK_VARIABLE } from './processes.js';

/** How long the guard may take to find and kill what is left of a script. */
const SWEEP_MS = 2000;

/**
 * A worker that dies by SIGKILL can end nothing any more, so a small shell waits beside each script: its input ends when
 * the worker is gone. It then kills the script's processes, found as `endTree` finds them, and removes the folder of its
 * context. A line of input lets it go.
 *
 * `$1`: the first process, `$2`: its mark, `$3`: the folder.
 */
const GUARD = String.raw`
read -r _ && exit
known=$1
rounds=0
quiet=0
while [ $quiet -lt 2 ] && [ $rounds -lt 50 ]; do
  rounds=$((rounds + 1))
  marked=$(grep -ls -- "$2" /proc/[0-9]*/environ 2>/dev/null | sed 's#/proc/##;s#/environ##' | tr '\n' ' ')
  found=$(
    if [ -r /proc/self/stat ]; then cat /proc/[0-9]*/stat 2>/dev/null | sed 's/(.*)/x/' | awk '$3 != "Z" { print $1, $4, $5, $6 }'
    else ps -A -o pid=,ppid=,pgid=,stat= | awk '$4 !~ /^Z/ { print $1, $2, $3, 0 }'; fi |
    awk -v known="$known" -v marked="$marked" -v self="$$" '
      BEGIN { n = split(known " " marked, list, " "); for (i = 1; i <= n; i++) is[list[i]] = 1 }
      { pid[NR] = $1; parent[NR] = $2; group[NR] = $3; session[NR] = $4 }
      END {
        do {
          more = 0
          for (i = 1; i <= NR; i++) {
            if (done[i] || pid[i] == self) continue
            if (!(is[pid[i]] || is[parent[i]] || is[group[i]] || is[session[i]])) continue
            done[i] = 1; is[pid[i]] = 1; more = 1; print pid[i]
          }
        } while (more)
      }'
  )
  if [ -z "$found" ]; then quiet=$((quiet + 1)); continue; fi
  quiet=0
  known="$known $(echo $found)"
  kill -KILL $found 2>/dev/null
done
[ -z "$3" ] || rm -rf -- "$3"
`;

/** What the guard watches over. */
export interface Guarded {
  readonly pid: number;
  readonly mark: string;
  readonly folder: string | undefined;
  /** Whom the script runs as: only that user may read the environment of its processes. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

export interface Guard {
  /** The script has ended by itself: what it left in the background stays. */
  release(): void;
  /** Kills what is left of the script, and answers when that is done. */
  sweep(): Promise<void>;
}

export function startGuard({ pid, mark, folder, uid, gid }: Guarded): Guard {
  const guard = spawn('/bin/sh', ['-c', GUARD, 'sh', String(pid), `${MARK_VARIABLE}=${mark}`, folder ?? ''], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  });
  const ended = new Promise<void>((resolve) => {
    guard.once('exit', () => resolve());
    guard.once('error', () => resolve());
  });
  guard.stdin.on('error', () => undefined);
  guard.unref();
  return {
    release: () => void guard.stdin.end('\n'),
    sweep: async () => {
      guard.stdin.end();
      await Promise.race([ended, delay(SWEEP_MS, undefined, { ref: false })]);
    },
  };
}

import { readdir, readFile, readlink } from 'node:fs/promises';

const LISTENS = '0A';

/** Ports that a process and its descendants listen on (Linux), each with its address. */
export async function listeningPorts(root: number): Promise<{ host: string; port: number }[]> {
  const inodes = new Set<string>();
  for (const pid of await withDescendants(root)) {
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
      const [, inode] = /^socket:\[(\d+)\]$/.exec(target) ?? [];
      if (inode !== undefined) inodes.add(inode);
    }
  }
  const rows = (await readFile('/proc/net/tcp', 'utf8')).trim().split('\n').slice(1);
  return rows.flatMap((row) => {
    const [, local = '', , state, , , , , , inode = ''] = row.trim().split(/\s+/);
    if (state !== LISTENS || !inodes.has(inode)) return [];
    const [address = '', port = ''] = local.split(':');
    const host = (address.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)).join('.');
    return [{ host, port: Number.parseInt(port, 16) }];
  });
}

async function withDescendants(root: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    const stat = /^\d+$/.test(name) ? await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '') : '';
    const [, parent] = /\) \S (\d+) /.exec(stat) ?? [];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const isBelow = (pid: number | undefined): boolean => pid !== undefined && (pid === root || isBelow(parents.get(pid)));
  return [...parents.keys()].filter(isBelow);
}

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { markProcess } from '../process-mark.js';
import { lockFolder } from './lock.js';

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'distri-lock-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function otherProcess() {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  children.push(child);
  await once(child, 'spawn');
  return { child, mark: await markProcess(child.pid) };
}

const lockFile = () => join(folder, 'temporal.lock');

test('a folder is held once, and can be taken again after its release', async () => {
  const lock = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'DATA_IN_USE' });
  await expect(lockFolder(folder)).rejects.toThrow(String(process.pid));
  await lock.release();
  const next = await lockFolder(folder);
  await lock.release();
  expect(existsSync(lockFile())).toBe(true);
  await next.release();
  expect(readdirSync(folder)).toEqual([]);
});

test('a lock whose process is gone, and a broken one, are taken over', async () => {
  const { child, mark } = await otherProcess();
  writeFileSync(lockFile(), JSON.stringify({ owner: mark }));
  await expect(lockFolder(folder)).rejects.toThrow(String(mark.pid));
  child.kill('SIGKILL');
  await once(child, 'exit');
  await (await lockFolder(folder)).release();
  writeFileSync(lockFile(), 'not JSON');
  await (await lockFolder(folder)).release();
  expect(readdirSync(folder)).toEqual([]);
});

test('a server that outlives its killed owner for a moment is waited for', async () => {
  const owner = await otherProcess();
  const server = await otherProcess();
  owner.child.kill('SIGKILL');
  await once(owner.child, 'exit');
  writeFileSync(lockFile(), JSON.stringify({ owner: owner.mark, server: server.mark }));
  const taken = lockFolder(folder);
  const early = await Promise.race([taken.then(() => 'taken'), sleep(500, 'waiting')]);
  expect(early).toBe('waiting');
  server.child.kill('SIGKILL');
  await (await taken).release();
});

test('of many that find a stale lock at once, exactly one takes the folder', async () => {
  const { child, mark } = await otherProcess();
  child.kill('SIGKILL');
  await once(child, 'exit');
  for (let round = 0; round < 25; round += 1) {
    writeFileSync(lockFile(), JSON.stringify({ owner: mark }));
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  }
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readDevState, writeDevState } from './dev-state.js';
import { findFreePort } from './find-port.js';
import { markProcess } from './process-mark.js';

let folder: string;
let server: Server;
let addresses: { temporal: string; namespace: string; temporal_ui: string };

beforeEach(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'distri-dev-')), '.distri');
  server = createServer((socket) => socket.destroy());
  const port = await findFreePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  addresses = { temporal: `127.0.0.1:${port}`, namespace: 'default', temporal_ui: 'http://127.0.0.1:1' };
});
afterEach(() => {
  server.close();
});

describe('the state of a running dev', () => {
  test('is read back as it was written, and gone when it was removed', async () => {
    const remove = await writeDevState(addresses, folder);
    expect(await readDevState(folder)).toEqual({ ...addresses, process: await markProcess() });
    await remove();
    expect(await readDevState(folder)).toBeUndefined();
    expect(existsSync(join(folder, 'dev.json'))).toBe(false);
  });

  test('is not there when no dev ran', async () => {
    expect(await readDevState(folder)).toBeUndefined();
  });

  test('does not count when its process is dead, though something answers at its address', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const mark = await markProcess(child.pid);
    await writeDevState(addresses, folder);
    writeFileSync(join(folder, 'dev.json'), JSON.stringify({ ...addresses, process: mark }));
    expect(await readDevState(folder)).toMatchObject(addresses);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await readDevState(folder)).toBeUndefined();
  });

  test('does not count when its process id belongs to another process by now', async () => {
    const remove = await writeDevState(addresses, folder);
    const mark = await markProcess();
    writeFileSync(join(folder, 'dev.json'), JSON.stringify({ ...addresses, process: { ...mark, started: 'long ago' } }));
    expect(await readDevState(folder)).toBeUndefined();
    await remove();
  });

  test('does not count when nothing answers at its address', async () => {
    await writeDevState(addresses, folder);
    server.close();
    await once(server, 'close');
    expect(await readDevState(folder)).toBeUndefined();
  });

  test('does not count when the file is broken or of another shape', async () => {
    await writeDevState(addresses, folder);
    for (const text of ['{', '[]', '{"temporal":1}', '{"temporal":"a:1","namespace":"b","process":{"pid":-1}}']) {
      writeFileSync(join(folder, 'dev.json'), text);
      expect(await readDevState(folder)).toBeUndefined();
    }
  });

  test('is left alone by a dev that is not the one that wrote it last', async () => {
    const remove = await writeDevState(addresses, folder);
    writeFileSync(join(folder, 'dev.json'), JSON.stringify({ ...addresses, process: { pid: 1 } }));
    await remove();
    expect(existsSync(join(folder, 'dev.json'))).toBe(true);
  });
});

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Context } from './context.js';
import { writeDevState } from './dev-state.js';
import { findServer } from './server.js';

const home = mkdtempSync(join(tmpdir(), 'distri-server-'));
const listener = createServer((socket) => socket.destroy());
let dev = '';

beforeAll(async () => {
  mkdirSync(join(home, 'temporalio'));
  writeFileSync(join(home, 'temporalio', 'temporal.toml'), '[profile.default]\naddress = "prod:1"\nnamespace = "prod"\n');
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  dev = `127.0.0.1:${(listener.address() as AddressInfo).port}`;
  await writeDevState({ temporal: dev, namespace: 'default' }, join(home, 'served'));
});

afterAll(() => {
  listener.close();
});

function contextOf(folder: string, variables: NodeJS.ProcessEnv = {}, temporal: Context['temporal'] = {}) {
  const said: string[] = [];
  const environment = { variables: { HOME: home, XDG_CONFIG_HOME: home, ...variables } };
  const context = { temporal, folder: join(home, folder), environment, terminal: { say: (line: string) => said.push(line) } };
  return { context: context as unknown as Context, said };
}

describe('findServer beside a default profile of the user', () => {
  test('takes the dev of the folder, with its namespace and without TLS, and says so', async () => {
    const { context, said } = contextOf('served');
    expect(await findServer(context)).toMatchObject({ address: dev, namespace: 'default', temporal: { tls: false } });
    expect(said).toEqual([expect.stringContaining(dev)]);
  });

  test('takes the profile where no dev runs, and says so', async () => {
    const { context, said } = contextOf('empty');
    expect(await findServer(context)).toMatchObject({ address: 'prod:1', namespace: 'prod' });
    expect(said).toEqual([expect.stringContaining('prod:1, namespace prod')]);
  });

  test.each([
    ['TEMPORAL_ADDRESS', { TEMPORAL_ADDRESS: 'other:1' }, {}, 'other:1'],
    ['TEMPORAL_PROFILE', { TEMPORAL_PROFILE: 'default' }, {}, 'prod:1'],
    ['--address', {}, { address: 'other:2' }, 'other:2'],
    ['--profile', {}, { profile: 'default' }, 'prod:1'],
  ])('obeys %s before the dev of the folder, without a word', async (_what, variables, temporal, address) => {
    const { context, said } = contextOf('served', variables, temporal);
    expect(await findServer(context)).toMatchObject({ address });
    expect(said).toEqual([]);
  });
});

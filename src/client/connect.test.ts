import { createServer } from 'node:http2';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { connectTemporal } from './connect.js';

test('what answers but is no Temporal server is named as such', async () => {
  const server = createServer((_request, response) => response.writeHead(404).end());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await expect(connectTemporal({ address })).rejects.toMatchObject({
      code: 'NO_TEMPORAL_SERVER',
      message: expect.stringMatching(/no Temporal server.*404/) as string,
    });
  } finally {
    server.close();
  }
});

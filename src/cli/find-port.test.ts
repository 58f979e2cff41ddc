import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { assertPortFree, findFreePort } from './find-port.js';

test('a free port can be listened on', async () => {
  const port = await findFreePort();
  expect(port).toBeGreaterThan(1023);
  await expect(assertPortFree(port, 'a test')).resolves.toBeUndefined();
});

test('a taken port is refused with its number and what it was wanted for', async () => {
  const server = createServer();
  const port = await findFreePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const refusal = assertPortFree(port, 'the Temporal server');
  await expect(refusal).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  await expect(refusal).rejects.toThrow(new RegExp(`${port}.*the Temporal server`));
  server.close();
});

import { once } from 'node:events';
import { lstat, readdir } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DistriClient } from '../../src/client/index.js';
import { eventually } from '../client/stage.js';
import { listeningPorts } from '../support/listening.js';
import { removeFolder, startDev, stop, workFolder, type Command } from './support.js';

const FLAGS = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
/** A name that its owner has lead to this machine, as all of these do here. */
const EVIL = 'evil.example';

let folder: string;
let dev: Command & { temporal: string; api: string };
let client: DistriClient;
let browser: Browser;
let site: Server;
let ports: { host: string; port: number }[];

beforeAll(async () => {
  folder = await workFolder();
  dev = await startDev(folder);
  client = await DistriClient.connect({ address: dev.temporal });
  ports = await listeningPorts(dev.child.pid ?? 0);
  site = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><title>evil</title>'));
  await once(site.listen(0, '127.0.0.1'), 'listening');
  browser = await chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    args: [...FLAGS, `--host-resolver-rules=MAP ${EVIL} 127.0.0.1`],
    chromiumSandbox: false,
  });
});
afterAll(async () => {
  await browser.close();
  site.close();
  await client.close();
  await stop(dev);
  await removeFolder(folder);
});

async function runIds(): Promise<string[]> {
  const ids: string[] = [];
  for await (const { workflowId } of client.temporal.workflow.list({ query: `WorkflowType = 'distriWorkflow'` })) ids.push(workflowId);
  return ids;
}

/** What starts a run at some port or other, as a page can send it without asking first. */
const DEFINITION = { id: 'pwned', steps: [{ id: 's', kind: { type: 'checkpoint', message: 'pwned' } }] };
const ATTACKS = [
  {
    path: '/api/v1/namespaces/default/workflows/pwned',
    body: JSON.stringify({ workflowType: { name: 'distriWorkflow' }, taskQueue: { name: 'distri' }, input: [{ definition: DEFINITION, definition_hash: 'x', owner: 'local' }] }),
  },
  { path: '/v1/runs', body: JSON.stringify({ definition: DEFINITION }) },
];

describe('a web page', () => {
  test('is let in by no port of dev, whatever it sends', async () => {
    expect(ports.length).toBeGreaterThan(4);
    const saved = await fetch(`${dev.api}/v1/workflows`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...DEFINITION, entry_points: [{ id: 'e', starts_at: 's', triggers: [{ type: 'webhook', path: 'pwn', methods: ['GET', 'POST'], auth: { type: 'none' } }] }] }),
    });
    expect(saved.status, await saved.text()).toBe(201);
    const page = await browser.newPage();
    await page.goto(`http://${EVIL}:${(site.address() as AddressInfo).port}/`);
    await page.evaluate(
      async ({ ports: all, attacks }) => {
        const sends = all.flatMap((port) => [
          ...attacks.flatMap(({ path, body }) =>
            ['text/plain', 'application/x-www-form-urlencoded'].map((type) =>
              fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', mode: 'no-cors', headers: { 'content-type': type }, body }),
            ),
          ),
          fetch(`http://127.0.0.1:${port}/v1/workflows/webhook/pwn`, { mode: 'no-cors' }),
        ]);
        await Promise.allSettled(sends);
      },
      { ports: ports.map(({ port }) => port), attacks: ATTACKS },
    );
    await page.close();
    // What was started by then shows after the run that is started now.
    const run = await client.start({ ...DEFINITION, id: 'mine' }, { runId: 'mine' });
    await run.result();
    await eventually(async () => ((await runIds()).includes('mine') ? true : undefined));
    expect(await runIds()).toEqual(['mine']);
  });

  test('reads nothing under a name of its own that leads here', async () => {
    const page = await browser.newPage();
    for (const { port } of ports) {
      for (const path of ['/', '/api/v1/namespaces/default/workflows', '/v1/runs', '/openapi.json']) {
        const answer = await page.goto(`http://${EVIL}:${port}${path}`).catch(() => null);
        if (answer !== null) expect([403, 404], `${port}${path}: ${(await answer.text()).slice(0, 200)}`).toContain(answer.status());
      }
    }
    await page.close();
  });

  test('of this machine is let through to the Web UI, and reads runs there', async () => {
    const ui = JSON.parse(await dev.until('stdout', /\n/)) as { temporal_ui: string };
    const page = await browser.newPage();
    await page.goto(`${ui.temporal_ui}/namespaces/default/workflows`);
    await page.getByText('mine', { exact: true }).first().waitFor({ timeout: 60_000 });
    await page.close();
  });
});

/** The status of an answer to a request with this Host header. */
function asked(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port, path: '/', headers: { host } }, (answer) => resolve(answer.resume().statusCode));
    sent.on('error', () => resolve(undefined));
    sent.end();
  });
}

test('a port that is open to this machine answers to names of this machine alone', async () => {
  const { port } = new URL((JSON.parse(await dev.until('stdout', /\n/)) as { temporal_ui: string }).temporal_ui);
  for (const host of ['localhost', '127.0.0.1', '[::1]', `127.0.0.1:${port}`]) expect(await asked(Number(port), host), host).toBe(200);
  for (const host of [EVIL, 'localhost.evil.example', '127.0.0.1.nip.io', 'x y', '@', '127.0.0.1@evil.example', 'evil.example@127.0.0.1']) expect(await asked(Number(port), host), host).not.toBe(200);
});

test('what dev keeps is for its user alone', async () => {
  const kept = join(folder, '.distri');
  const open: string[] = [];
  for (const path of [kept, ...(await readdir(kept)).map((name) => join(kept, name))]) {
    const { mode } = await lstat(path);
    // The marks of the library that locks folders hold nothing.
    if ((mode & 0o077) !== 0 && !path.endsWith('.lock')) open.push(`${path} ${(mode & 0o777).toString(8)}`);
  }
  expect(open).toEqual([]);
});

import { describe, expect, it } from 'vitest';
import { cursorAt } from '../../src/server/list-cursor.js';
import { encodeCursor } from '../../src/store/cursor.js';
import { sharedPlatform } from './stage.js';
import { echo, save } from './triggers.js';

const platform = sharedPlatform();

/** Times that are well written, and that the database does not take. */
const TIMES = ['0000-01-01T00:00:00Z', '9999-12-31T23:59:59-05:00'];

async function statusOf(method: string, path: string, body?: object): Promise<string> {
  const { status, body: answer } = await platform().send(method, path, { as: 'ann', ...(body === undefined ? {} : { body }) });
  return `${status} ${answer.code}`;
}

describe('what is refused before the database refuses it', () => {
  it.each(TIMES)('the time %s', async (time) => {
    const asked = encodeURIComponent(time);
    expect(await statusOf('GET', `/v1/runs?archived=true&started_after=${asked}`)).toBe('400 BAD_REQUEST');
    expect(await statusOf('GET', `/v1/runs?archived=true&started_before=${asked}`)).toBe('400 BAD_REQUEST');
    expect(await statusOf('PUT', '/v1/connections/acme:crm', { expires_at: time })).toBe('400 BAD_REQUEST');
    expect(await statusOf('POST', '/v1/tokens', { name: 'n', scopes: ['runs:read'], expires_at: time })).toBe('400 BAD_REQUEST');
    const cursor = encodeCursor([time, '019ac3f2-0000-7000-8000-000000000000']);
    expect(await statusOf('GET', `/v1/workflows?cursor=${cursor}`)).toBe('400 BAD_REQUEST');
  });

  it('a number that no version has', async () => {
    const id = await save(platform(), echo([]));
    for (const version of [3_000_000_000, 0, -1, 1.5]) expect(await statusOf('GET', `/v1/workflows/${id}/versions?cursor=${encodeCursor([version])}`)).toBe('400 BAD_REQUEST');
  });

  it('a place in the archive that is none', async () => {
    const asked = { archived: true, limit: 100, owner: 'ann' };
    const good = encodeCursor(['2026-01-01T00:00:00Z', 'run 1']);
    for (const place of ['', 'x y', encodeCursor(['soon', 'a']), encodeCursor(['2026-01-01T00:00:00Z'])]) {
      expect(await statusOf('GET', `/v1/runs?archived=true&cursor=${cursorAt(place, asked)}`), place).toBe('400 BAD_REQUEST');
    }
    expect(await statusOf('GET', `/v1/runs?archived=true&cursor=${cursorAt(good, asked)}`)).toBe('200 undefined');
  });

  it('and what slips through is the fault of the request, too', async () => {
    const asked = { archived: true, limit: 100, owner: 'ann' };
    const place = encodeCursor(['2026-01-01T00:00:00Z', 'a\0']);
    expect(await statusOf('GET', `/v1/runs?archived=true&cursor=${cursorAt(place, asked)}`)).toBe('400 BAD_REQUEST');
  });
});

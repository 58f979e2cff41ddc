import { randomUUID } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { DistriError } from '../../src/definition/errors.js';
import type { JsonObject } from '../../src/definition/json.js';
import { sharedPlatform } from './stage.js';
import { echo, runsOf, save } from './triggers.js';

const platform = sharedPlatform({ worker: {} });

function listener(topic: string, filter?: unknown, owner = 'ann', more: JsonObject = {}): Promise<string> {
  return save(platform(), echo([{ type: 'event', topic, ...(filter === undefined ? {} : { filter: filter as JsonObject }) }], more), owner);
}

function send(event: JsonObject, as = 'ann') {
  return platform().send('POST', '/v1/events', { body: event, as });
}

describe('an event', () => {
  it('starts what waits for its topic and whose filter it passes', async () => {
    const topic = `order.${randomUUID()}`;
    const matching = await Promise.all([listener(topic), listener(topic, { 'order.country': 'DE', 'order.lines.0.n': 2, 'order.tags': ['a', { b: null }] }), listener(topic, '{input.order.paid} == "true"')]);
    const others = await Promise.all([listener(topic, { 'order.country': 'FR' }), listener(`${topic}.more`), listener(topic, { 'order.none': null }), listener(topic, '!order.paid')]);
    const data = { order: { country: 'DE', paid: true, lines: [{ n: 2 }], tags: ['a', { b: null }] } };
    const { status, body } = await send({ topic, data });
    expect({ status, failed: body.failed }).toEqual({ status: 202, failed: [] });
    expect(body.runs.map(({ workflow_id }: { workflow_id: string }) => workflow_id).sort()).toEqual([...matching].sort());
    for (const { run_id } of body.runs) {
      const run = platform().client.getRun(run_id);
      expect((await run.result()).output).toEqual(data);
      expect(await run.describe()).toMatchObject({ owner: 'ann', trigger: { type: 'event' } });
    }
    for (const id of others) expect(await runsOf(platform(), id)).toEqual([]);
  });

  it('starts workflows of its sender only, and an admin those of all', async () => {
    const topic = `own.${randomUUID()}`;
    const mine = await listener(topic);
    const theirs = await listener(topic, undefined, 'bob');
    expect((await send({ topic })).body.runs).toMatchObject([{ workflow_id: mine }]);
    expect((await send({ topic }, 'bob')).body.runs).toMatchObject([{ workflow_id: theirs }]);
    expect((await send({ topic }, 'eve')).body.runs).toEqual([]);
    expect((await send({ topic }, 'root:admin')).body.runs).toHaveLength(2);
    expect(await send({ topic }, 'ann:runs:write')).toMatchObject({ status: 403 });
  });

  it('with an id starts nothing twice', async () => {
    const topic = `once.${randomUUID()}`;
    await Promise.all([listener(topic), listener(topic)]);
    const ids = async (id: string): Promise<string[]> => (await send({ topic, data: {}, id })).body.runs.map(({ run_id }: { run_id: string }) => run_id).sort();
    const [first, second] = await Promise.all([ids('one'), ids('one')]);
    expect(first).toEqual(second);
    expect(await ids('one')).toEqual(first);
    expect((await ids('two')).some((id) => first.includes(id))).toBe(false);
  });

  it('that one workflow cannot take starts the others', async () => {
    const topic = `odd.${randomUUID()}`;
    const good = await listener(topic);
    const bad = await listener(topic, undefined, 'ann', { input_schema: { type: 'object', required: ['n'] } });
    const { status, body } = await send({ topic, data: 'text' });
    expect(status).toBe(202);
    expect(body).toMatchObject({ runs: [{ workflow_id: good }], failed: [{ workflow_id: bad, code: 'INVALID_INPUT' }] });
    expect((await platform().client.getRun(body.runs[0].run_id).result()).output).toEqual({ data: 'text' });
  });

  it('is not taken when the server itself is at fault, so that it is sent again', async () => {
    const topic = `fault.${randomUUID()}`;
    await listener(topic);
    const fault = vi.spyOn(platform().client, 'start').mockRejectedValueOnce(new DistriError('PAYLOAD_NOT_STORED', 'The folder is full'));
    expect(await send({ topic, id: 'one' })).toMatchObject({ status: 500, body: { code: 'PAYLOAD_NOT_STORED' } });
    fault.mockRestore();
    expect((await send({ topic, id: 'one' })).body).toMatchObject({ runs: [{}], failed: [] });
  });

  it('is refused when it has no topic, and a filter that is none when it is saved', async () => {
    expect(await send({ data: {} })).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } });
    expect(await send({ topic: 'a\0' })).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } });
    for (const filter of ['a &&', 3, ['a']]) {
      await expect(listener('t', filter)).rejects.toMatchObject({ code: 'BAD_TRIGGER', problems: [{ path: '$.entry_points[0].triggers[0].filter' }] });
    }
    await expect(listener('')).rejects.toMatchObject({ problems: [{ path: '$.entry_points[0].triggers[0].topic' }] });
    await expect(listener('a\0')).rejects.toMatchObject({ code: 'BAD_TRIGGER' });
  });

  it('with data nested without end is compared as far as the filter goes', async () => {
    const topic = `deep.${randomUUID()}`;
    await listener(topic, { a: { b: 1 } });
    const deep = `{"topic":"${topic}","data":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`;
    expect(await platform().send('POST', '/v1/events', { body: deep, as: 'ann' })).toMatchObject({ status: 202, body: { runs: [] } });
  });
});

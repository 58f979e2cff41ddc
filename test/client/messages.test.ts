import { randomUUID } from 'node:crypto';
import fc, { type Arbitrary } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue, Run, RunSnapshot } from '../../src/client/index.js';
import { CATALOGUE_MESSAGES, RUN_MESSAGES, type MessageRow } from '../../src/definition/message-table.js';
import { catalogueId } from '../../src/definition/messages.js';
import { defineTool } from '../../src/worker/define-tool.js';
import { jsonOf, nastyText, nastyValue } from '../support/arbitraries.js';
import { call } from './documents.js';
import { sharedStage, untilRun } from './stage.js';

const stage = sharedStage({ tools: [defineTool({ name: 'echo', execute: (input) => (input as JsonValue) ?? null })] });

const asking: JsonObject = {
  id: 'asking',
  steps: [
    { id: 'ask', kind: { type: 'wait_for_input', message: 'Publish it?' } },
    call('tell', 'echo', { depends_on: ['ask'], kind: { type: 'tool_call', tool_name: 'echo', input: { answer: '{steps.ask}' } } }),
  ],
};
const waits = ({ steps }: RunSnapshot): boolean => steps['ask']?.status === 'waiting_for_input';

interface Payload {
  metadata: { [key: string]: Uint8Array };
  data: Uint8Array;
}

/** JSON as it stands, or bytes of another encoding. */
function payload(data: string | Uint8Array, encoding = 'json/plain', more: { [key: string]: string } = {}): Payload {
  const metadata = Object.fromEntries(Object.entries({ encoding, ...more }).map(([key, text]) => [key, Buffer.from(text)]));
  return { metadata, data: Buffer.from(data as string) };
}

function signal(workflowId: string, signalName: string, payloads: Payload[]): Promise<unknown> {
  const { workflowService, options } = stage.client.temporal;
  return workflowService.signalWorkflowExecution({
    namespace: options.namespace,
    workflowExecution: { workflowId },
    signalName,
    input: { payloads },
    requestId: randomUUID(),
  });
}

/** An update as any client may send it; resolves to why it was refused, undefined when it was taken. */
async function update(workflowId: string, name: string, payloads: Payload[]): Promise<{ type: string; message: string } | undefined> {
  const { workflowService, options } = stage.client.temporal;
  const { outcome } = await workflowService.updateWorkflowExecution({
    namespace: options.namespace,
    workflowExecution: { workflowId },
    request: { meta: { updateId: randomUUID(), identity: 'somebody' }, input: { name, args: { payloads } } },
    waitPolicy: { lifecycleStage: 3 },
  });
  const failure = outcome?.failure;
  return failure ? { type: failure.applicationFailureInfo?.type ?? '', message: failure.message ?? '' } : undefined;
}

function query(workflowId: string, queryType: string, payloads: Payload[]) {
  const { workflowService, options } = stage.client.temporal;
  return workflowService.queryWorkflow({
    namespace: options.namespace,
    execution: { workflowId },
    query: { queryType, queryArgs: { payloads } },
  });
}

async function startAsking(): Promise<Run> {
  const run = await stage.client.start(asking, { executionTimeoutSecs: 200 });
  await untilRun(run, waits);
  return run;
}

/** The run answers, and ends as it should. */
async function expectAlive(run: Run): Promise<RunSnapshot> {
  const snapshot = await run.snapshot();
  expect(snapshot.engine_error).toBeUndefined();
  await run.answer('ask', 'yes');
  expect((await run.result()).steps['tell']).toMatchObject({ status: 'done', result: { answer: 'yes' } });
  return snapshot;
}

describe('a signal', () => {
  const wrong: [name: string, payloads: Payload[]][] = [
    ['connectionsChanged', [payload('{"skills":5}')]],
    ['connectionsChanged', [payload('{"skills":[5]}')]],
    ['connectionsChanged', [payload('7')]],
    ['connectionsChanged', [payload('{"skills":[]}'), payload('2')]],
    ['connectionsChanged', [payload('{"skil', 'json/plain')]],
    ['connectionsChanged', [payload('xyz', 'binary/encrypted')]],
    ['connectionsChanged', [payload('xyz', 'binary/plain')]],
    ['connectionsChanged', [payload('xyz', 'application/x-unknown')]],
    ['connectionsChanged', [payload(`${'['.repeat(20_000)}${']'.repeat(20_000)}`)]],
    ['childChanged', []],
    ['childChanged', [payload('null')]],
    ['childChanged', [payload('{"run_id":"nobody","status":"paused"}')]],
    ['childEnded', []],
    ['childEnded', [payload('{"run_id":"nobody","status":"completed","output":1}')]],
    ['childEnded', [payload('{"run_id":{},"status":"completed"}')]],
    ['adopted', []],
    ['parentPaused', []],
    ['parentPaused', [payload('[]')]],
    ['parentResumed', []],
    ['no such signal', [payload('1')]],
    ['__temporal_nothing', []],
  ];

  test.each(wrong)('%s that does not fit is dropped with a warning', async (name, payloads) => {
    const run = await startAsking();
    await signal(run.id, name, payloads);
    const { warnings, status } = await untilRun(run, (snapshot) => snapshot.warnings.length > 0);
    expect(warnings).toMatchObject([{ code: 'BAD_MESSAGE', message: expect.stringContaining(name) as string }]);
    expect(status).toBe('paused');
    await expectAlive(run);
  });

  test.each([[[]], [[payload('null')]], [[payload('{}')]], [[payload('{"skills":[]}')]], [[payload('{"skills":null}')]]])(
    'connectionsChanged with %j looks at all that is blocked',
    async (payloads) => {
      const run = await startAsking();
      await signal(run.id, 'connectionsChanged', payloads);
      expect((await expectAlive(run)).warnings).toEqual([]);
    },
  );

  test('that comes a thousand times leaves room for other warnings', async () => {
    const run = await startAsking();
    await Promise.all(Array.from({ length: 60 }, (_, index) => signal(run.id, `nothing-${index}`, [])));
    const { warnings } = await untilRun(run, (snapshot) => snapshot.warnings.length >= 20);
    expect(warnings).toHaveLength(20);
    expect(warnings.at(-1)?.message).toMatch(/More messages were dropped/);
    await expectAlive(run);
  });
});

describe('an update', () => {
  const wrong: [name: string, payloads: Payload[], says: RegExp][] = [
    ['answer', [], /no argument.*"step_id": text/],
    ['answer', [payload('{}')], /'step_id' is missing.*Expected: \{"step_id": text, "index"\?: a whole number from 0, "value": any JSON\}/],
    ['answer', [payload('{"step_id":"ask"}')], /'value' is missing/],
    ['answer', [payload('{"step_id":"ask","value":1,"idx":2}')], /no field "idx"/],
    ['answer', [payload('{"step_id":"ask","value":1,"index":"0"}')], /'index' must be a whole number from 0, not "0"/],
    ['answer', [payload('"ask"'), payload('1')], /takes one argument, not 2/],
    ['answer', [payload(`{"step_id":"ask","value":${'['.repeat(9_000)}${']'.repeat(9_000)}}`)], /nested more than 500/],
    ['answer', [payload('{"step_id":"ask","val', 'json/plain')], /JSON|Unterminated|Unexpected/i],
    ['answer', [payload('x', 'binary/encrypted')], /binary\/encrypted/],
    ['retryStep', [payload('null')], /no argument/],
    ['retryStep', [payload('["ask"]')], /must be an object, not \["ask"\]/],
    ['skipStep', [payload('{"step":"ask"}')], /'step_id' is missing/],
    ['pause', [payload('{"reason":"lunch"}')], /takes no argument, not \{"reason":"lunch"\}/],
    ['resume', [payload('5')], /takes no argument/],
    ['migrate', [payload('{}')], /'definition' is missing/],
    ['migrate', [payload('{"definition":{},"definition_hash":"x"}')], /definition/],
    ['no such update', [], /no such update/],
  ];

  test.each(wrong)('%s is refused and says why', async (name, payloads, says) => {
    const run = await startAsking();
    expect((await update(run.id, name, payloads))?.message).toMatch(says);
    expect((await expectAlive(run)).warnings).toEqual([]);
  });

  test('of a wrong shape has a code', async () => {
    const run = await startAsking();
    expect(await update(run.id, 'answer', [payload('{}')])).toMatchObject({ type: 'BAD_REQUEST' });
    await expectAlive(run);
  });
});

describe('a query', () => {
  test.each([
    ['events', [payload('"x"')]],
    ['events', [payload('{}')]],
    ['events', [payload('x', 'binary/encrypted')]],
    ['snapshot', [payload('1')]],
    ['context', [payload('[1]')]],
    ['no such query', []],
  ])('%s says what is wrong', async (name, payloads) => {
    const run = await startAsking();
    await expect(query(run.id, name, payloads)).rejects.toThrow(/query|handler/i);
    await expectAlive(run);
  });

  test('of events needs no argument', async () => {
    const run = await startAsking();
    await query(run.id, 'events', []);
    await query(run.id, 'events', [payload('null')]);
    await query(run.id, 'events', [payload('-5.5')]);
    await expectAlive(run);
  });
});

const fields = ['step_id', 'index', 'value', 'result', 'definition', 'definition_hash', 'decisions', 'skills', 'run_id', 'status', 'missing', 'waiting', 'output', 'code', 'message', 'identity', 'tools', 'expires_at'];
const own: Arbitrary<JsonValue> = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...fields), fc.oneof(nastyValue, fc.constantFrom<JsonValue[]>('ask', 'completed', 'paused', ['a:b']))), { selector: ([name]) => name, maxLength: 6 })
  .map((entries) => Object.fromEntries(entries));
const anyPayload: Arbitrary<Payload> = fc.oneof(
  { weight: 6, arbitrary: fc.oneof(own, nastyValue).map((value) => payload(jsonOf(value))) },
  { weight: 1, arbitrary: fc.tuple(fc.uint8Array({ maxLength: 20 }), fc.constantFrom('json/plain', 'binary/plain', 'binary/null', 'json/protobuf', 'binary/protobuf', 'binary/encrypted', 'x')).map(([data, encoding]) => payload(data, encoding)) },
);
const names = (table: { readonly [name: string]: MessageRow }): string[] => Object.keys(table);
/** What a server takes as a name. */
const anyName = (table: { readonly [name: string]: MessageRow }): Arbitrary<string> =>
  fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...names(table)) }, { weight: 1, arbitrary: fc.constantFrom('__temporal_x', '__stack_trace', 'toString', '__proto__', 'pause ', 'ü😀') }, { weight: 1, arbitrary: nastyText });
const message = (table: { readonly [name: string]: MessageRow }) =>
  fc.record({ kind: fc.constantFrom('signal', 'signal', 'update', 'query'), name: anyName(table), payloads: fc.array(anyPayload, { maxLength: 2 }) });

const send = (workflowId: string) => ({ kind, name, payloads }: { kind: string; name: string; payloads: Payload[] }): Promise<unknown> => {
  const sent = kind === 'signal' ? signal(workflowId, name, payloads) : kind === 'update' ? update(workflowId, name, payloads) : query(workflowId, name, payloads);
  // What the server itself refuses, or the run says no to, is well.
  return sent.catch(() => undefined);
};

test('any JSON to any name leaves a run that is answered and ends', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(message(RUN_MESSAGES), { minLength: 5, maxLength: 12 }), async (messages) => {
      const run = await startAsking();
      for (let from = 0; from < messages.length; from += 4) await Promise.all(messages.slice(from, from + 4).map(send(run.id)));
      const { engine_error, status } = await run.snapshot();
      expect(engine_error).toBeUndefined();
      // A message may by chance have been one that counts.
      if (status === 'completed') return;
      await run.resume();
      const { steps } = await run.snapshot();
      if (steps['ask']?.status === 'waiting_for_input') await run.answer('ask', 'yes');
      expect((await run.result()).status).toBe('completed');
    }),
    { numRuns: 25 },
  );
});

test('any JSON to any name leaves a catalogue that answers', async () => {
  const id = catalogueId(stage.client.queuePrefix);
  await fc.assert(
    fc.asyncProperty(fc.array(message(CATALOGUE_MESSAGES), { minLength: 5, maxLength: 12 }), async (messages) => {
      await Promise.all(messages.map(send(id)));
      expect((await stage.client.tools()).map(({ name }) => name)).toContain('echo');
    }),
    { numRuns: 15 },
  );
});

test('descriptions are shown with the handlers', async () => {
  const run = await startAsking();
  const { queryResult } = await query(run.id, '__temporal_workflow_metadata', []);
  const metadata = Buffer.from(queryResult?.payloads?.[0]?.data ?? []).toString();
  for (const { description } of Object.values<MessageRow>(RUN_MESSAGES)) expect(metadata).toContain(JSON.stringify(description).slice(1, -1));
  expect(metadata).toContain('Internal. A child run says');
  await expectAlive(run);
});

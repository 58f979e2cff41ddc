// Does once what users do, against a deployment, and says what works; exit code 1 when something does not.
//   DISTRI_API_URL=http://localhost:4400 DISTRI_TOKEN=dwf_... node deploy/smoke.mjs
import assert from 'node:assert/strict';

const api = (process.env.DISTRI_API_URL ?? 'http://localhost:4400').replace(/\/$/, '');
const token = process.env.DISTRI_TOKEN;
const TIMEOUT_MS = 90_000;

const definition = {
  id: 'smoke',
  name: 'Smoke test',
  input_schema: { type: 'object', required: ['who'], properties: { who: { type: 'string' } } },
  steps: [
    { id: 'greet', kind: { type: 'script', command: 'echo "Hello, $1"', args: ['{input.who}'] }, input: {} },
    {
      id: 'review',
      depends_on: ['greet'],
      kind: { type: 'wait_for_input', message: '{steps.greet.output} Well?', schema: { type: 'object', required: ['approved'] } },
    },
    { id: 'end', depends_on: ['review'], kind: { type: 'checkpoint', message: 'approved: {steps.review.approved}' } },
  ],
};

async function send(method, path, body, headers = {}) {
  const response = await fetch(`${api}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

/** Events of a run, as the stream sends them. */
async function* events(runId) {
  const response = await fetch(`${api}/v1/runs/${encodeURIComponent(runId)}/events`, {
    headers: { accept: 'text/event-stream', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  assert.equal(response.status, 200);
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const parts = (text + chunk).split('\n\n');
    text = parts.pop();
    for (const part of parts) {
      const data = part.split('\n').find((line) => line.startsWith('data:'));
      if (data !== undefined) yield JSON.parse(data.slice('data:'.length));
    }
  }
}

async function check(what, work) {
  try {
    const result = await work();
    console.log(`ok    ${what}`);
    return result;
  } catch (error) {
    console.error(`FAIL  ${what}\n      ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}

await check('the API is ready', () => send('GET', '/readyz'));
await check('nobody is let in', async () => {
  if (token === undefined) return;
  assert.equal((await fetch(`${api}/v1/workflows`)).status, 401);
});
await check('workers serve the skills of the natives', async () => {
  const { skills } = await send('GET', '/v1/skills');
  for (const skill of ['native:network', 'native:shell', 'native:tool']) {
    assert.ok(skills.some((each) => each.skill === skill), `nobody serves ${skill}`);
  }
});
const workflow = await check('a workflow is kept', () => send('POST', '/v1/workflows', { name: 'Smoke test', definition }));
const path = `/v1/workflows/${workflow.id}`;
const key = { 'idempotency-key': `smoke-${workflow.id}` };
const run = await check('a run of it starts', () => send('POST', `${path}/run`, { input: { who: 'world' } }, key));
await check('the same request again starts no other', async () => {
  assert.equal((await send('POST', `${path}/run`, { input: { who: 'world' } }, key)).run_id, run.run_id);
});
await check('it runs a script, waits, is answered and completes, and its events tell so', async () => {
  const seen = [];
  for await (const event of events(run.run_id)) {
    seen.push(event.event);
    if (event.event === 'step_waiting') {
      assert.match(event.message, /^Hello, world Well\?$/);
      await send('POST', `/v1/runs/${run.run_id}/answer`, { step_id: 'review', value: { approved: true } });
    }
  }
  assert.equal(seen.at(-1), 'workflow_completed', `the last of ${seen.join(', ')}`);
});
await check('its end can be read', async () => {
  const snapshot = await send('GET', `/v1/runs/${run.run_id}`);
  assert.equal(snapshot.status, 'completed');
  assert.deepEqual(snapshot.output, { message: 'approved: true' });
});
await check('the workflow is removed', () => send('DELETE', path));

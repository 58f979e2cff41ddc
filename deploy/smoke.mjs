// Does once what users do, against a deployment, and says what works; exit code 1 when something does not.
//   DISTRI_API_URL=http://localhost:4400 DISTRI_TOKEN=dwf_... node deploy/smoke.mjs
import assert from 'node:assert/strict';

const api = (process.env.DISTRI_API_URL ?? 'http://localhost:4400').replace(/\/$/, '');
const token = process.env.DISTRI_TOKEN;
const TIMEOUT_MS = 90_000;

/** Too large for Temporal's history: it goes through the folder that the services share. */
const LARGE = 400_000;

const greeted = [{ id: 'greet', kind: { type: 'checkpoint', message: 'Hello, {input.who}' } }];
const greetedByScript = [
  { id: 'greet', kind: { type: 'script', command: 'printf \'{"message":"Hello, %s"}\' "$1"', args: ['{input.who}'] }, input: {} },
  { id: 'large', kind: { type: 'script', command: `printf '%0${LARGE}d' 0`, output_format: 'text' }, input: {} },
  {
    id: 'measure',
    depends_on: ['large'],
    kind: { type: 'script', command: 'wc -c < "$WORKFLOW_CONTEXT_FILE"', output_format: 'text' },
    input: { text: '{steps.large.output}' },
  },
];

const definitionWith = (first) => ({
  id: 'smoke',
  name: 'Smoke test',
  input_schema: { type: 'object', required: ['who'], properties: { who: { type: 'string' } } },
  steps: [
    ...first,
    {
      id: 'review',
      depends_on: first.map(({ id }) => id),
      kind: { type: 'wait_for_input', message: '{steps.greet.message} Well?', schema: { type: 'object', required: ['approved'] } },
    },
    { id: 'end', depends_on: ['review'], kind: { type: 'checkpoint', message: 'approved: {steps.review.approved}' } },
  ],
});

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
const skills = await check('workers serve the skills of API calls and tools', async () => {
  const served = (await send('GET', '/v1/skills')).skills.map(({ skill }) => skill);
  for (const skill of ['native:network', 'native:tool']) assert.ok(served.includes(skill), `nobody serves ${skill}`);
  return served;
});
const scripts = skills.includes('native:shell');
if (!scripts) console.log('      (no worker runs scripts, so none is tried)');
const definition = definitionWith(scripts ? greetedByScript : greeted);
const workflow = await check('a workflow is kept', () => send('POST', '/v1/workflows', { name: 'Smoke test', definition }));
const path = `/v1/workflows/${workflow.id}`;
const key = { 'idempotency-key': `smoke-${workflow.id}` };
const run = await check('a run of it starts', () => send('POST', `${path}/run`, { input: { who: 'world' } }, key));
await check('the same request again starts no other', async () => {
  assert.equal((await send('POST', `${path}/run`, { input: { who: 'world' } }, key)).run_id, run.run_id);
});
await check(`it ${scripts ? 'runs scripts, ' : ''}waits, is answered and completes, and its events tell so`, async () => {
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
  assert.equal(snapshot.status, 'completed', `it is ${snapshot.status}: ${snapshot.error}`);
  assert.deepEqual(snapshot.output, { message: 'approved: true' });
  if (!scripts) return;
  assert.equal(snapshot.steps.large.result.output.length, LARGE);
  assert.ok(Number(snapshot.steps.measure.result.output) > LARGE);
});
await check('the workflow is removed', () => send('DELETE', path));

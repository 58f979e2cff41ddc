/**
 * The runs whose histories are recorded, by name: each takes the interpreter through commands of its own. `drive` does
 * what the run waits for; with `open`, the history is taken while the run still waits. `also` names further histories that
 * the case leaves: of the first execution of a run that continued as new, and of a child.
 */
const tool = (id, name, input = {}, more = {}) => ({ id, kind: { type: 'tool_call', tool_name: name }, input, ...more });
const say = (id, message, more = {}) => ({ id, kind: { type: 'checkpoint', message }, ...more });
const call = (id, url, more = {}) => ({ id, kind: { type: 'api_call', method: 'GET', url }, ...more });
const script = (id, command, more = {}) => ({ id, kind: { type: 'script', command }, ...more });
const needs = (...skills) => ({ requires: skills.map((skill) => ({ skill })) });
const after = (...steps) => ({ depends_on: steps });
const parallel = { execution: 'parallel' };

const ask = {
  id: 'ask',
  kind: {
    type: 'wait_for_input',
    message: 'Is {steps.first.n} fine?',
    schema: { type: 'object', required: ['fine'], properties: { fine: { type: 'boolean' } } },
  },
  ...after('first'),
};

const linear = {
  id: 'linear',
  input_schema: { type: 'object', required: ['name', 'url'] },
  steps: [
    say('hello', 'Hello {input.name}'),
    { id: 'get', kind: { type: 'api_call', method: 'GET', url: '{input.url}/answer', headers: { 'x-name': '{input.name}' } } },
    { id: 'shell', kind: { type: 'script', command: 'echo "{\\"got\\": $1}"', args: ['{steps.get.body.n}'], output_format: 'json' } },
    tool('tool', 'echo', { got: '{steps.shell.got}', who: '{env.WHO}' }),
    { id: 'context', kind: { type: 'tool_call', tool_name: 'echo' } },
    { id: 'agent', kind: { type: 'agent_run', agent_id: 'writer', prompt: 'Greet {input.name}', model: 'small' } },
    say('skipped', 'never seen', { skip_if: '{input.name}' }),
    {
      id: 'reply',
      kind: { type: 'reply', text: 'Choose', buttons_from: '{steps.get.body.list}', button_template: { label: '{item.name}', id: '{item.id}' } },
    },
  ],
};

const condition = {
  id: 'condition',
  steps: [
    { id: 'yes', kind: { type: 'condition', expression: '{input.n} == 3', if_true: tool('', 'echo').kind, if_false: say('', 'no').kind }, input: { n: 3 } },
    { id: 'none', kind: { type: 'condition', expression: '{input.absent}', if_true: say('', 'never').kind } },
    {
      id: 'nested',
      kind: {
        type: 'condition',
        expression: '!{input.absent}',
        if_true: { type: 'condition', expression: 'n', if_true: { type: 'wait_for_input', message: 'Inside' }, if_false: say('', 'no').kind },
      },
    },
  ],
};

const each = (id, items, settings, name, input, more = {}) => tool(id, name, input, { for_each: { items, ...settings }, ...more });
const rows = (count) => () => ({ input: { rows: Array.from({ length: count }, (_, n) => ({ n })) } });

/** A child that gives what it is told when it is asked. */
const asks = (id, more = {}) => ({
  id,
  kind: {
    type: 'workflow',
    definition: {
      id: 'asks',
      steps: [tool('first', 'echo', { n: 1 }), { id: 'ask', kind: { type: 'wait_for_input', message: 'Is {input.what} fine?' } }],
      output: { said: '{steps.ask}', about: '{input.what}' },
    },
    input: { what: 'this' },
  },
  ...more,
});

/** What `workflow` steps find by these names; what is stored has an id of its own. */
export const workflows = {
  greeting: { id: 'stored-greeting', version: 2, steps: [say('say', 'Hello')], output: '{steps.say.message}' },
};

const fanOutRerun = {
  id: 'fan-out-rerun',
  steps: [
    {
      id: 'all',
      for_each: { items: [1, 2] },
      kind: { type: 'workflow', definition: { id: 'counts', steps: [say('say', '{input.n}')] }, input: { n: '{item}' } },
    },
    { id: 'ask', kind: { type: 'wait_for_input', message: 'Are {steps.all} fine?' }, ...after('all') },
  ],
};

export const cases = {
  linear: {
    document: linear,
    start: ({ url }) => ({ input: { name: 'Kim', url }, env: { WHO: 'me' }, owner: 'kim' }),
  },
  parallel: {
    document: {
      id: 'parallel',
      concurrency: 3,
      steps: [
        tool('first', 'echo', { n: 1 }),
        ...Array.from({ length: 6 }, (_, index) => tool(`p${index}`, 'echo', { n: index }, { ...parallel, ...after('first') })),
        tool('join', 'echo', { all: '{steps}' }, after('p0', 'p1', 'p2', 'p3', 'p4', 'p5')),
        tool('alone', 'echo', { n: 9 }),
      ],
    },
  },
  'pure-steps': {
    document: { id: 'pure-steps', steps: Array.from({ length: 300 }, (_, index) => say(`s${index}`, `step ${index}`, index > 0 ? after(`s${index - 1}`) : {})) },
  },
  condition: {
    document: condition,
    start: () => ({ input: { n: 3 } }),
    drive: async ({ run, became }) => {
      await became('paused');
      await run.answer('nested', 'seen');
    },
  },
  'wait-and-answer': {
    document: { id: 'wait-and-answer', steps: [tool('first', 'echo', { n: 1 }), ask, tool('last', 'echo', { fine: '{steps.ask.fine}' }, after('ask'))] },
    drive: async ({ run, became }) => {
      await became('paused');
      await run.answer('ask', { fine: 'maybe' }).catch(() => undefined);
      await run.answer('ask', { fine: true });
    },
  },
  'waits-still': {
    open: true,
    document: { id: 'waits-still', steps: [tool('first', 'echo', { n: 1 }), ask, tool('beside', 'echo', { n: 2 }, parallel)] },
    drive: ({ became }) => became('paused'),
  },
  'blocked-and-unblocked': {
    document: {
      id: 'blocked-and-unblocked',
      steps: [
        tool('first', 'echo', { n: 1 }),
        script('copy', 'echo "$USER_NAME"', { ...needs('google:drive'), ...parallel }),
        tool('beside', 'echo', { n: 2 }, parallel),
        say('last', 'done', after('copy')),
      ],
    },
    drive: async ({ became, connect }) => {
      await became('blocked');
      await connect('google:drive');
    },
  },
  'blocked-still': {
    open: true,
    document: { id: 'blocked-still', steps: [tool('first', 'echo', { n: 1 }), say('post', 'posted', needs('slack:chat', 'acme:crm'))] },
    drive: ({ became }) => became('blocked'),
  },
  'connection-rejected': {
    document: { id: 'connection-rejected', steps: [call('get', '{input.url}/private', needs('acme:api'))] },
    start: ({ url }) => ({ input: { url } }),
    before: ({ connect }) => connect('acme:api', 'wrong'),
    drive: async ({ became, connect }) => {
      await became('blocked');
      await connect('acme:api', 'right');
    },
  },
  'blocked-too-long': {
    document: {
      id: 'blocked-too-long',
      steps: [tool('unserved', 'nobody_has_it', {}, { queue_timeout_secs: 1, on_error: 'continue', ...needs('acme:none') }), tool('last', 'echo', { n: 1 })],
    },
  },
  'connection-missed': {
    document: { id: 'connection-missed', steps: [script('copy', 'echo "$USER_NAME"', needs('acme:flaky'))] },
    before: async ({ connect, lacks }) => {
      await connect('acme:flaky');
      // The checks find it, and the step does not, twice.
      lacks('acme:flaky', [2, 4]);
    },
  },
  failed: {
    document: {
      id: 'failed',
      steps: [
        tool('first', 'echo', { n: 1 }),
        tool('slow', 'slow', { ms: 1_500 }, { ...parallel, ...after('first') }),
        tool('breaks', 'breaks', {}, { ...parallel, ...after('first'), retry: { max_attempts: 2, initial_interval_secs: 1 } }),
        tool('never', 'echo', { n: 2 }, after('breaks')),
      ],
    },
  },
  'unknown-tool': { document: { id: 'unknown-tool', steps: [tool('first', 'echo', { n: 1 }), tool('lost', 'nobody-has-this')] } },
  canceled: {
    document: { id: 'canceled', steps: [tool('first', 'echo', { n: 1 }), tool('slow', 'slow', { ms: 60_000 }), tool('never', 'echo')] },
    drive: async ({ run, stepIs }) => {
      await stepIs('slow', 'running');
      await run.cancel('No longer needed');
    },
  },
  'canceled-while-waiting': {
    document: { id: 'canceled-while-waiting', steps: [tool('first', 'echo', { n: 1 }), ask, say('post', 'posted', { ...needs('slack:chat'), ...parallel })] },
    drive: async ({ run, stepIs }) => {
      await stepIs('ask', 'waiting_for_input');
      await stepIs('post', 'blocked');
      await run.cancel();
    },
  },
  'external-checkpoint': {
    document: {
      id: 'external-checkpoint',
      checkpoint: { type: 'external', tool_name: 'keep' },
      steps: [tool('first', 'echo', { n: 1 }), say('second', 'two'), tool('third', 'echo', { n: 3 })],
    },
  },
  'external-checkpoints-in-line': {
    document: {
      id: 'external-checkpoints-in-line',
      checkpoint: { type: 'external', tool_name: 'keep' },
      steps: Array.from({ length: 15 }, (_, n) => say(`s${n}`, 'x', parallel)),
    },
  },
  'external-checkpoint-fails': {
    document: {
      id: 'external-checkpoint-fails',
      checkpoint: { type: 'external', tool_name: 'breaks' },
      steps: [tool('first', 'echo', { n: 1 }), say('second', 'two')],
    },
  },
  'entry-point': {
    document: {
      id: 'entry-point',
      steps: [
        tool('fetch', 'echo'),
        tool('merge', 'echo', { all: '{steps.fetch.records}' }, after('fetch')),
        tool('publish', 'echo', { merged: '{steps.merge}' }, after('merge')),
      ],
      entry_points: [{ id: 'publish_only', label: 'Publish', starts_at: 'publish', preset_results: { merge: { rows: 3 } }, required_inputs: ['who'] }],
    },
    start: () => ({ input: { who: 'kim' }, entryPoint: 'publish_only' }),
  },
  'odd-ids': {
    document: { id: 'odd ids', steps: ['__proto__', 'with space', 'ünï', 'x~1', `long${'g'.repeat(300)}`].map((id) => tool(id, 'echo', { n: 1 }, parallel)) },
  },
  'fan-out': {
    document: {
      id: 'fan-out',
      steps: [
        each('limited', '{input.rows}', { concurrency: 2, as: 'row' }, 'echo', { n: '{row.n}', at: '{row_index}' }),
        each('tried-again', [0, 1, 2], {}, 'stumbles', { at: 1 }, { retry: { max_attempts: 2, initial_interval_secs: 0.1 } }),
        each('tolerant', [0, 1, 2, 3], { concurrency: 3, on_error: 'continue' }, 'fails-at', { at: 2 }),
        say('end', '{steps.tolerant.2.error}'),
      ],
    },
    start: rows(6),
  },
  'fan-out-held': {
    document: { id: 'fan-out-held', on_failure: 'hold', steps: [each('held', '{input.rows}', { concurrency: 2 }, 'fails-at', { at: 1 })] },
    start: rows(4),
    drive: async ({ run, became }) => {
      await became('paused');
      await run.retry('held', { index: 1 });
      await became('paused');
      await run.skip('held', { result: ['skipped'] });
    },
  },
  'cannot-start': {
    document: {
      id: 'cannot-start',
      steps: [
        { id: 'run', on_error: 'continue', kind: { type: 'workflow', workflow_id: 'any', input: '{input.text}' } },
        tool('next', 'echo', { n: 1 }, after('run')),
      ],
    },
    start: () => ({ input: { text: 'no object' } }),
  },
  'paused-twice': {
    document: { id: 'paused-twice', on_failure: 'hold', steps: [tool('fails', 'breaks'), tool('next', 'echo', { n: 1 }, { on_error: 'continue' })] },
    drive: async ({ run, became }) => {
      await became('paused');
      await run.pause();
      await run.retry('fails');
      await run.resume();
      await became('paused');
      await run.skip('fails');
    },
  },
  'fan-out-waits': {
    document: {
      id: 'fan-out-waits',
      steps: [{ id: 'ask', for_each: { items: ['a', 'b', 'c'], concurrency: 2 }, kind: { type: 'wait_for_input', message: 'Is {item} fine?', schema: { type: 'boolean' } } }],
    },
    drive: async ({ run, waits }) => {
      for (const index of [1, 0, 2]) {
        await waits('ask', index);
        await run.answer('ask', index > 0, { index });
      }
    },
  },
  'fan-out-named': {
    document: {
      id: 'fan-out-named',
      steps: [
        {
          id: 'choose',
          for_each: { items: '{input.rows}', as: 'row' },
          kind: { type: 'condition', expression: '{row.n} == 1', if_true: tool('', 'echo').kind, if_false: say('', 'no {row_index}').kind },
          input: {},
        },
      ],
    },
    start: rows(3),
  },
  'fan-out-rerun': {
    document: fanOutRerun,
    drive: async ({ run, became, continued }) => {
      await became('paused');
      await run.migrate(fanOutRerun, { decisions: { all: 'rerun' } });
      await continued();
      await became('paused');
      await run.answer('ask', 'yes');
    },
    also: { 'fan-out-rerun-first': { execution: 'first' } },
  },
  'fan-out-continued': {
    document: {
      id: 'fan-out-continued',
      steps: [
        each('one', '{input.rows}', { concurrency: 1 }, 'echo', { n: '{item.n}' }),
        each('tolerant', '{steps.one}', { concurrency: 1, on_error: 'continue' }, 'fails-at', { at: 2 }),
      ],
    },
    start: () => ({ ...rows(8)(), continueAfterEvents: 30 }),
    also: { 'fan-out-continued-first': { execution: 'first' } },
  },
  children: {
    document: {
      id: 'children',
      steps: [
        asks('run'),
        {
          id: 'all',
          for_each: { items: [1, 2, 3], concurrency: 2 },
          kind: { type: 'workflow', definition: { id: 'counts', steps: [tool('say', 'echo', { n: '{input.n}' })], output: '{steps.say.n}' }, input: { n: '{item}' } },
        },
        { id: 'broken', on_error: 'continue', kind: { type: 'workflow', definition: { id: 'broken', steps: [tool('break', 'breaks')] } } },
      ],
    },
    drive: async ({ client, became }) => {
      await became('paused');
      await client.getRun('children/run').answer('ask', 'yes');
    },
    also: { 'children-child': { run: 'children/run' }, 'children-element': { run: 'children/all[1]' }, 'children-broken': { run: 'children/broken' } },
  },
  'children-named': {
    document: { id: 'children-named', steps: [{ id: 'run', kind: { type: 'workflow', workflow_id: 'greeting' } }] },
    also: { 'children-named-child': { run: 'children-named/run' } },
  },
  'children-canceled': {
    document: { id: 'children-canceled', steps: [asks('run')] },
    drive: async ({ run, became }) => {
      await became('paused');
      await run.cancel('No longer needed');
    },
    also: { 'children-canceled-child': { run: 'children-canceled/run' } },
  },
  'children-adopted': {
    document: {
      id: 'children-adopted',
      steps: [asks('run', parallel), ...Array.from({ length: 12 }, (_, n) => tool(`t${n}`, 'echo', { n }, n > 0 ? { ...parallel, ...after(`t${n - 1}`) } : parallel))],
    },
    start: () => ({ continueAfterEvents: 60 }),
    drive: async ({ client, run, became, continued }) => {
      await continued();
      await became('paused');
      await run.pause();
      await run.resume();
      await client.getRun('children-adopted/run').answer('ask', 'late');
    },
    also: { 'children-adopted-first': { execution: 'first' }, 'children-adopted-child': { run: 'children-adopted/run' } },
  },
};

/** The names of all histories that the cases leave. */
export const recorded = Object.entries(cases).flatMap(([name, { also = {} }]) => [name, ...Object.keys(also)]);

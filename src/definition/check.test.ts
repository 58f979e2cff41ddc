import { describe, expect, test } from 'vitest';
import type { Code } from './codes.js';
import type { Problem } from './errors.js';
import { validateWorkflow } from './parse.js';

/** A step that nothing is wrong with. */
const ok = (id = 'a', fields: object = {}): object => ({ id, kind: { type: 'checkpoint', message: 'm' }, ...fields });
const withText = (id: string, message: string, fields: object = {}): object => ({ id, kind: { type: 'checkpoint', message }, ...fields });
const withKind = (kind: object, fields: object = {}): object => ({ steps: [{ id: 'a', kind, ...fields }] });
const call = (fields: object): object => withKind({ type: 'api_call', method: 'GET', url: 'https://example.com', ...fields });
const wait = (schema: unknown): object => withKind({ type: 'wait_for_input', message: 'm', schema });
const branch = (kind: object): object => withKind({ type: 'condition', expression: 'x', if_true: { type: 'condition', expression: 'x', if_true: kind } });
const NESTED = '$.steps[0].kind.if_true.if_true';

function problemsOf(document: unknown): Problem[] {
  return validateWorkflow(document).problems;
}

type Case = [name: string, document: unknown, code: Code, path: string, text?: string];

describe('errors', () => {
  const cases: Case[] = [
    ['null', null, 'NOT_A_WORKFLOW', '$', 'not null'],
    ['a list', [], 'NOT_A_WORKFLOW', '$', 'not a list'],
    ['a number', 5, 'NOT_A_WORKFLOW', '$', 'not 5'],
    ['a text', 'steps', 'NOT_A_WORKFLOW', '$'],
    ['no steps', { id: 'x' }, 'NOT_A_WORKFLOW', '$', "'steps'"],
    ['another agent type', { agent_type: 'llm_agent', definition: { steps: [] } }, 'NOT_A_WORKFLOW', '$.agent_type', 'llm_agent'],
    ['a wrapper without definition', { agent_type: 'workflow_agent' }, 'NOT_A_WORKFLOW', '$.definition'],
    ['a wrapper without agent_type', { definition: { steps: [] } }, 'NOT_A_WORKFLOW', '$', 'agent_type'],
    ['steps that are no list', { steps: {} }, 'WRONG_TYPE', '$.steps', 'must be a list'],
    ['a step that is no object', { steps: [ok(), 7] }, 'WRONG_TYPE', '$.steps[1]', 'must be an object'],
    ['a missing field', withKind({ type: 'script' }), 'WRONG_TYPE', '$.steps[0].kind.command', "'command' is missing"],
    ['a wrong type', withKind({ type: 'script', command: 5 }), 'WRONG_TYPE', '$.steps[0].kind.command', 'must be text'],
    ['a missing kind', { steps: [{ id: 'a' }] }, 'WRONG_TYPE', '$.steps[0].kind', 'missing'],
    ['a kind without type', { steps: [{ id: 'a', kind: {} }] }, 'WRONG_TYPE', '$.steps[0].kind.type', 'missing'],
    ['a wrong enum', { steps: [ok('a', { execution: 'paralel' })] }, 'WRONG_TYPE', '$.steps[0].execution', "Did you mean 'parallel'"],
    ['a number out of range', { steps: [], concurrency: 0 }, 'WRONG_TYPE', '$.concurrency', 'at least 1'],
    ['an unknown trigger', { steps: [ok()], entry_points: [{ id: 'e', starts_at: 'a', triggers: [{ type: 'cron' }] }] }, 'WRONG_TYPE', '$.entry_points[0].triggers[0].type', "'schedule'"],
    ['a wrong checkpoint', { steps: [], checkpoint: { type: 'file' } }, 'WRONG_TYPE', '$.checkpoint.type'],
    ['a value that is not JSON', { steps: [], context: { n: 1n } }, 'WRONG_TYPE', '$.context.n', 'BigInt'],
    ['a date', { steps: [], context: { at: new Date(0) } }, 'WRONG_TYPE', '$.context.at', 'a Date'],
    ['NaN', { steps: [], context: { 'a b': [NaN] } }, 'WRONG_TYPE', '$.context["a b"][0]', 'NaN'],
    ['an empty id', { steps: [ok('')] }, 'BAD_ID', '$.steps[0].id', 'empty'],
    ['a long id', { steps: [ok('x'.repeat(1001))] }, 'BAD_ID', '$.steps[0].id', '1,000'],
    ['half a surrogate pair', { steps: [ok('x\ud800')] }, 'BAD_ID', '$.steps[0].id', 'well-formed'],
    ['a bad document id', { id: '\udc00', steps: [] }, 'BAD_ID', '$.id'],
    ['a bad entry point id', { steps: [ok()], entry_points: [{ id: '', starts_at: 'a' }] }, 'BAD_ID', '$.entry_points[0].id'],
    ['a duplicate id', { steps: [ok(), ok('b'), ok()] }, 'DUPLICATE_STEP_ID', '$.steps[2].id', '$.steps[0]'],
    ['an unknown dependency', { steps: [ok('fetch'), ok('b', { depends_on: ['fetsh'] })] }, 'UNKNOWN_DEPENDENCY', '$.steps[1].depends_on[0]', "Did you mean 'fetch'"],
    ['a cycle', { steps: [ok('a', { depends_on: ['b'] }), ok('b', { depends_on: ['a'] })] }, 'CIRCULAR_DEPENDENCY', '$.steps[0].depends_on', 'Circular dependency detected: a → b → a'],
    ['a step that depends on itself', { steps: [ok('a', { depends_on: ['a'] })] }, 'CIRCULAR_DEPENDENCY', '$.steps[0].depends_on', 'a → a'],
    ['a step that depends on one that runs after all others', { steps: [ok('a', { run_on: 'always' }), ok('b', { depends_on: ['a'] })] }, 'CIRCULAR_DEPENDENCY', '$.steps[0].run_on', "a → b → a, because 'a' has a run_on and no depends_on"],
    ['the same through other steps', { steps: [ok('b', { depends_on: ['m'] }), ok('m', { run_on: 'always', depends_on: ['a'] }), ok('a', { run_on: 'failure' })] }, 'CIRCULAR_DEPENDENCY', '$.steps[2].run_on', "b → m → a → b, because 'a'"],
    ['an unknown kind', withKind({ type: 'tol_call' }), 'UNKNOWN_KIND', '$.steps[0].kind.type', "Did you mean 'tool_call'"],
    ['an unknown kind far from any', withKind({ type: 'teleportation' }), 'UNKNOWN_KIND', '$.steps[0].kind.type', 'The kinds are'],
    ['an unknown kind in a branch', branch({ type: 'tol_call' }), 'UNKNOWN_KIND', `${NESTED}.type`],
    ['an unknown method', call({ method: 'FETCH' }), 'UNKNOWN_METHOD', '$.steps[0].kind.method', 'FETCH'],
    ['an unknown method in a branch', branch({ type: 'api_call', method: 'GOT', url: 'https://x.y' }), 'UNKNOWN_METHOD', `${NESTED}.method`, "Did you mean 'GET'"],
    ['another URL scheme', call({ url: 'file:///etc/passwd' }), 'BAD_URL', '$.steps[0].kind.url', "'file'"],
    ['another URL scheme before a reference', call({ url: 'ftp://{input.host}/' }), 'BAD_URL', '$.steps[0].kind.url', "'ftp'"],
    ['a relative URL', call({ url: '/v1/things' }), 'BAD_URL', '$.steps[0].kind.url', 'http://'],
    ['a relative URL with references', call({ url: 'example.com/{input.x}' }), 'BAD_URL', '$.steps[0].kind.url', 'http://'],
    ['a URL without host', call({ url: 'https://' }), 'BAD_URL', '$.steps[0].kind.url', 'not a URL'],
    ['a line break in a header', call({ headers: { 'X-A': 'a\r\nHost: b' } }), 'BAD_HEADER', '$.steps[0].kind.headers["X-A"]', 'line break'],
    ['a header name with a space', call({ headers: { 'X A': 'a' } }), 'BAD_HEADER', '$.steps[0].kind.headers["X A"]'],
    ['a header beyond Latin-1', call({ headers: { 'X-A': '漢' } }), 'BAD_HEADER', '$.steps[0].kind.headers["X-A"]', 'Latin-1'],
    ['a skill without colon', { steps: [ok('a', { requires: [{ skill: 'google' }] })] }, 'BAD_SKILL', '$.steps[0].requires[0].skill', 'namespace:name'],
    ['a skill with two colons', { steps: [ok('a', { requires: [{ skill: 'a:b:c' }] })] }, 'BAD_SKILL', '$.steps[0].requires[0].skill'],
    ['a skill with an empty part', { steps: [ok('a', { requires: [{ skill: 'a:' }] })] }, 'BAD_SKILL', '$.steps[0].requires[0].skill'],
    ['an unknown native skill', { steps: [ok('a', { requires: [{ skill: 'native:shel' }] })] }, 'UNKNOWN_NATIVE_SKILL', '$.steps[0].requires[0].skill', "Did you mean 'native:shell'"],
    ['a schema that is no object', { steps: [], input_schema: 'object' }, 'BAD_JSON_SCHEMA', '$.input_schema'],
    ['a schema with an unknown type', { steps: [], input_schema: { type: 'objekt' } }, 'BAD_JSON_SCHEMA', '$.input_schema.type', 'object'],
    ['a schema with a bad list', { steps: [], input_schema: { allOf: [{}, { required: 'x' }] } }, 'BAD_JSON_SCHEMA', '$.input_schema.allOf[1].required', 'must be array'],
    ['a wrapper with a bad schema', { agent_type: 'workflow_agent', input_schema: { type: 1 }, definition: { steps: [] } }, 'BAD_JSON_SCHEMA', '$.input_schema.type'],
    ['a wait with a bad schema in a branch', branch({ type: 'wait_for_input', message: 'm', schema: { minimum: 'x' } }), 'BAD_JSON_SCHEMA', `${NESTED}.schema.minimum`],
    ['a tool trigger with a bad schema', { steps: [ok()], entry_points: [{ id: 'e', starts_at: 'a', triggers: [{ type: 'tool', name: 't', description: 'd', input_schema: { type: 'x' } }] }] }, 'BAD_JSON_SCHEMA', '$.entry_points[0].triggers[0].input_schema.type'],
    ['a schema of an unknown draft', wait({ $schema: 'http://json-schema.org/draft-04/schema#' }), 'BAD_JSON_SCHEMA', '$.steps[0].kind.schema.$schema', 'draft'],
    ['a schema reference to nowhere', wait({ properties: { a: { $ref: '#/$defs/b' } } }), 'BAD_JSON_SCHEMA', '$.steps[0].kind.schema.properties.a.$ref', '#/$defs/b'],
    ['a schema reference to elsewhere', wait({ $ref: 'https://example.com/s.json' }), 'BAD_JSON_SCHEMA', '$.steps[0].kind.schema.$ref', 'no schema in this document'],
    ['a schema that refers to itself', wait({ $ref: '#' }), 'BAD_JSON_SCHEMA', '$.steps[0].kind.schema', 'without end'],
    ['a schema bomb', wait({ $ref: '#/$defs/d0', $defs: Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`d${i}`, i === 29 ? {} : { allOf: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: `#/$defs/d${i + 1}` }] }])) }), 'BAD_JSON_SCHEMA', '$.steps[0].kind.schema.$defs.d18', 'too often'],
    ['an asynchronous schema', wait({ $async: true }), 'BAD_JSON_SCHEMA', '$.steps[0].kind.schema.$async'],
    ['a bad regex', wait({ pattern: '(' }), 'BAD_REGEX', '$.steps[0].kind.schema.pattern', 'Unterminated group'],
    ['a catastrophic regex', { steps: [], input_schema: { properties: { a: { pattern: '^(a+)+$' } } } }, 'BAD_REGEX', '$.input_schema.properties.a.pattern', 'exponential'],
    ['a long regex', wait({ pattern: 'a'.repeat(1001) }), 'BAD_REGEX', '$.steps[0].kind.schema.pattern', '1000'],
    ['a bad regex as a key', wait({ patternProperties: { '[': {} } }), 'BAD_REGEX', '$.steps[0].kind.schema.patternProperties["["]'],
    ['a bad skip_if', { steps: [ok('a', { skip_if: '{input.a} && {input.b}' })] }, 'BAD_EXPRESSION', '$.steps[0].skip_if', 'character'],
    ['an empty skip_if', { steps: [ok('a', { skip_if: '' })] }, 'BAD_EXPRESSION', '$.steps[0].skip_if', 'empty'],
    ['a bad condition in a branch', branch({ type: 'condition', expression: '{input.a', if_true: { type: 'checkpoint', message: 'm' } }), 'BAD_EXPRESSION', `${NESTED}.expression`],
    ['buttons_from alone', withKind({ type: 'reply', text: 't', buttons_from: '{input.x}' }), 'BAD_REPLY', '$.steps[0].kind.buttons_from', 'button_template'],
    ['button_template alone', branch({ type: 'reply', text: 't', buttons_from: null, button_template: {} }), 'BAD_REPLY', `${NESTED}.button_template`, 'buttons_from'],
    ['a delay without a length', withKind({ type: 'delay', secs: null }), 'BAD_DELAY', '$.steps[0].kind', "needs 'secs' or 'until'"],
    ['a delay with both', withKind({ type: 'delay', secs: 1, until: '2027-01-01' }), 'BAD_DELAY', '$.steps[0].kind.until', 'not both'],
    ['a negative delay', branch({ type: 'delay', secs: -1 }), 'BAD_DELAY', `${NESTED}.secs`, 'from 0 to'],
    ['a delay of eleven years', withKind({ type: 'delay', secs: 4e8 }), 'BAD_DELAY', '$.steps[0].kind.secs', 'not 400000000'],
    ['a delay that is no number', withKind({ type: 'delay', secs: 'five' }), 'BAD_DELAY', '$.steps[0].kind.secs', '"five"'],
    ['a delay until no time', withKind({ type: 'delay', until: 'next week' }), 'BAD_DELAY', '$.steps[0].kind.until', '2027-01-31T09:00:00Z'],
    ['a delay of a wrong type', withKind({ type: 'delay', secs: [] }), 'WRONG_TYPE', '$.steps[0].kind.secs', 'a number or text'],
    ['a time-out of no time', withKind({ type: 'script', command: 'ls' }, { timeout_secs: 0 }), 'WRONG_TYPE', '$.steps[0].timeout_secs', "'timeout_secs' must be at least 0.001, not 0"],
    ['a time-out that a timer cannot hold', { steps: [ok('a', { queue_timeout_secs: 1e12 })] }, 'WRONG_TYPE', '$.steps[0].queue_timeout_secs', 'at most 316224000, not 1000000000000'],
    ['an interval below a millisecond', { steps: [ok('a', { retry: { initial_interval_secs: 1e-9 } })] }, 'WRONG_TYPE', '$.steps[0].retry.initial_interval_secs', 'at least 0.001'],
    ["a script's time-out of centuries", withKind({ type: 'script', command: 'ls', timeout_secs: 1e11 }), 'WRONG_TYPE', '$.steps[0].kind.timeout_secs', 'at most'],
    ['a time-out of a kind that ends at once', { steps: [ok('a', { timeout_secs: 5 })] }, 'BAD_TIMEOUT', '$.steps[0].timeout_secs', "'checkpoint'"],
    ['a time-out of a delay', withKind({ type: 'delay', secs: 1 }, { timeout_secs: 5 }), 'BAD_TIMEOUT', '$.steps[0].timeout_secs', "'delay'"],
    ['a time-out of branches that end at once', { steps: [{ id: 'a', timeout_secs: 1, kind: { type: 'condition', expression: 'x', if_true: { type: 'reply', text: 't' } } }] }, 'BAD_TIMEOUT', '$.steps[0].timeout_secs', "'condition' and 'reply'"],
    ['duplicate entry points', { steps: [ok()], entry_points: [{ id: 'e', starts_at: 'a' }, { id: 'e', starts_at: 'a' }] }, 'DUPLICATE_ENTRY_POINT', '$.entry_points[1].id', '$.entry_points[0]'],
    ['an unknown starts_at', { steps: [ok('fetch')], entry_points: [{ id: 'e', starts_at: 'fetc' }] }, 'UNKNOWN_STARTS_AT', '$.entry_points[0].starts_at', "Entry point 'e' references step 'fetc' which does not exist"],
    ...[
      ['a second message trigger', [{ type: 'message' }, { type: 'message' }], '', 'second'],
      ['a slash name twice', [{ type: 'slash', name: 'go' }, { type: 'slash', name: '/GO' }], '.name', '/go'],
      ['an alias that is a name', [{ type: 'slash', name: 'go' }, { type: 'slash', name: 'run', aliases: ['Go'] }], '.aliases[0]', '/go'],
      ['a callback id twice', [{ type: 'callback', id: 'x' }, { type: 'callback', id: 'x' }], '.id', "'x'"],
      ['a slash name of the channels', [{ type: 'manual' }, { type: 'slash', name: '/Help' }], '.name', '/help'],
    ].map(([name, triggers, field, text]): Case => [name as string, { steps: [ok()], entry_points: [{ id: 'e', starts_at: 'a', triggers }] }, 'BAD_TRIGGER', `$.entry_points[0].triggers[1]${field as string}`, text as string]),
    ['a definition in a wrapper', { agent_type: 'workflow_agent', definition: { steps: [ok('')] } }, 'BAD_ID', '$.definition.steps[0].id'],
  ];

  test.each(cases)('%s', (_name, document, code, path, text = '') => {
    const result = validateWorkflow(document);
    expect(result.valid).toBe(false);
    expect(result.definition).toBeUndefined();
    const found = result.problems.find((problem) => problem.code === code && problem.path === path);
    expect(found, JSON.stringify(result.problems)).toMatchObject({ severity: 'error' });
    expect(`${found?.message} ${found?.hint}`).toContain(text);
    // Nothing else is wrong with these documents.
    expect(result.problems.filter(({ severity }) => severity === 'error')).toHaveLength(1);
  });
});

describe('warnings', () => {
  const script = (fields: object = {}): object => ({ type: 'script', command: 'ls', ...fields });
  const cases: Case[] = [
    ['an unknown field of the document', { steps: [], input_shema: {} }, 'UNKNOWN_FIELD', '$.input_shema', "Did you mean 'input_schema'"],
    ['an unknown field of a wrapper', { agent_type: 'workflow_agent', definition: { steps: [] }, models: 1 }, 'UNKNOWN_FIELD', '$.models', 'kept'],
    ['an unknown field of a step', { steps: [ok('a', { depend_on: [] })] }, 'UNKNOWN_FIELD', '$.steps[0].depend_on', "Did you mean 'depends_on'"],
    ['an unknown field of a kind', call({ heders: {} }), 'UNKNOWN_FIELD', '$.steps[0].kind.heders', "Did you mean 'headers'"],
    ['an unknown field of a branch', branch({ type: 'checkpoint', message: 'm', mesage: 'm' }), 'UNKNOWN_FIELD', `${NESTED}.mesage`],
    ['an unknown field of a requirement', { steps: [ok('a', { requires: [{ skill: 'a:b', permision: [] }] })] }, 'UNKNOWN_FIELD', '$.steps[0].requires[0].permision'],
    ['an unknown field of an entry point', { steps: [ok()], entry_points: [{ id: 'e', starts_at: 'a', start_at: 'a' }] }, 'UNKNOWN_FIELD', '$.entry_points[0].start_at'],
    ['an unknown field of a trigger', { steps: [ok()], entry_points: [{ id: 'e', starts_at: 'a', triggers: [{ type: 'manual', corn: '' }] }] }, 'UNKNOWN_FIELD', '$.entry_points[0].triggers[0].corn'],
    ['an unknown field of retry', { steps: [ok('a', { retry: { attempts: 3 } })] }, 'UNKNOWN_FIELD', '$.steps[0].retry.attempts'],
    ['an unknown field of a checkpoint', { steps: [], checkpoint: { type: 'internal', ttl: 5 } }, 'UNKNOWN_FIELD', '$.checkpoint.ttl'],
    ['an unknown field __proto__', JSON.parse('{"steps":[],"__proto__":{"a":1}}'), 'UNKNOWN_FIELD', '$.__proto__'],
    ['a spliced command', withKind(script({ command: 'echo {input.x}' }), { input: {} }), 'SPLICED_COMMAND', '$.steps[0].kind.command', 'args'],
    ['a spliced command in a branch', branch(script({ command: 'echo {steps.a.x}' })), 'SPLICED_COMMAND', `${NESTED}.command`],
    ['a reference in the query of a URL', withKind({ type: 'api_call', method: 'GET', url: 'https://a.example/{input.p}?a=1&q={input.q}' }), 'UNENCODED_URL', '$.steps[0].kind.url', '{input.q}'],
    ['a retry rule without meaning', { steps: [{ id: 'a', retry: { non_retryable: ['HTTP_404', 404, '4xx', 'TIMED_OUT', 'HTTP_NETWROK'] }, input: {}, kind: { type: 'script', command: 'ls' } }] }, 'UNKNOWN_CODE', '$.steps[0].retry.non_retryable[4]', 'HTTP_NETWROK'],
    ['a script with the whole context', withKind(script()), 'WHOLE_CONTEXT', '$.steps[0].kind', 'mapping'],
    ['a tool with the whole context', withKind({ type: 'tool_call', tool_name: 't', input: {} }), 'WHOLE_CONTEXT', '$.steps[0].kind'],
    ['a script with the whole context in a branch', branch(script()), 'WHOLE_CONTEXT', NESTED],
    ['a literal token', call({ headers: { authorization: 'Bearer abc' } }), 'LITERAL_CREDENTIAL', '$.steps[0].kind.headers.authorization', 'connection'],
    ['a literal key', call({ headers: { 'X-API-Key': 'abc' } }), 'LITERAL_CREDENTIAL', '$.steps[0].kind.headers["X-API-Key"]'],
    ['a password in a URL', call({ url: 'https://a:b@example.com' }), 'LITERAL_CREDENTIAL', '$.steps[0].kind.url'],
    ["an input with dots in skip_if, which does not see a fan-out's element", { input_schema: { properties: { 'row.ok': {} } }, steps: [{ ...ok('a'), for_each: { items: [1], as: 'row' }, skip_if: '{row.ok}' }] }, 'UNREACHABLE_KEY', '$.steps[0].skip_if', "'row.ok'"],
    ['a step id with dots', { steps: [ok('a.b'), ok('c', { input: { x: ['{steps.a.b.z}'] } })] }, 'UNREACHABLE_KEY', '$.steps[1].input.x[0]', "'a.b'"],
    ['an input with dots', { steps: [ok('c', { input: '{input.a.b}' })], input_schema: { properties: { 'a.b': {} } } }, 'UNREACHABLE_KEY', '$.steps[0].input', "'a.b'"],
    ['a reference to no step', { steps: [ok('fetch'), ok('b', { input: { x: 'got {steps.fetsh.x}' } })] }, 'UNKNOWN_REFERENCE', '$.steps[1].input.x', "Did you mean 'fetch'"],
    ['a reference to no step in skip_if', { steps: [ok('b', { skip_if: '!steps.x.y' })] }, 'UNKNOWN_REFERENCE', '$.steps[0].skip_if'],
    ['a reference to no step in a branch', branch({ type: 'checkpoint', message: '{steps.x}' }), 'UNKNOWN_REFERENCE', `${NESTED}.message`],
    ['a reference to no step in the output', { steps: [], output: { a: '{steps.x}' } }, 'UNKNOWN_REFERENCE', '$.output.a'],
    ['a reference to a later step', { steps: [ok('a', { input: '{steps.c}' }), ok('b', { depends_on: ['a'] }), ok('c', { depends_on: ['b'] })] }, 'UNKNOWN_REFERENCE', '$.steps[0].input', 'runs later'],
    ['a reference to the step itself', { steps: [ok('a', { input: '{steps.a.x}' })] }, 'UNKNOWN_REFERENCE', '$.steps[0].input', 'itself'],
    ['a retry of a wait', { steps: [{ id: 'a', retry: { max_attempts: 2 }, kind: { type: 'wait_for_input', message: 'm', schema: {} } }] }, 'UNUSED_FIELD', '$.steps[0].retry', "'wait_for_input'"],
    ['a queue time-out of a reply', withKind({ type: 'reply', text: 't' }, { queue_timeout_secs: 5 }), 'UNUSED_FIELD', '$.steps[0].queue_timeout_secs'],
    ['a reference to no step in a delay', withKind({ type: 'delay', secs: '{steps.x.secs}' }), 'UNKNOWN_REFERENCE', '$.steps[0].kind.secs'],
    ...[
      ['if', "Use 'skip_if'"], ['when', 'turn the expression round'], ['needs', "'depends_on'"], ['depends', "'depends_on'"], ['retries', "Use 'retry'"],
      ['timeout', "'timeout_secs'"], ['with_items', "'for_each'"], ['loop', "'for_each'"], ['continue_on_error', "'on_error'"], ['continue-on-error', "'on_error'"], ['withParam', "'for_each'"],
    ].map(([field = '', text = '']): Case => [`another tool's field '${field}'`, { steps: [ok('a', { [field]: 1 })] }, 'UNKNOWN_FIELD', `$.steps[0]${/^\w+$/.test(field) ? `.${field}` : `["${field}"]`}`, text]),
    ['a reference to a step further down', { steps: [withText('c', 'total {steps.d.message}'), ok('d')] }, 'UNKNOWN_REFERENCE', '$.steps[0].kind.message', 'runs later'],
    ['a reference to a step that waits for the same', { steps: [ok('a'), withText('c', '{steps.d}', { depends_on: ['a'] }), ok('d', { depends_on: ['a'] })] }, 'UNKNOWN_REFERENCE', '$.steps[1].kind.message', 'runs later'],
    ['inputs', { steps: [withText('a', '{inputs.name}')] }, 'UNKNOWN_REFERENCE', '$.steps[0].kind.message', "Did you mean 'input'"],
    ['step', { steps: [withText('a', 'x {step.a.x}')] }, 'UNKNOWN_REFERENCE', '$.steps[0].kind.message', "Did you mean 'steps'"],
    ['a template of other tools', { steps: [withText('a', '{{ input.name }}')] }, 'UNKNOWN_REFERENCE', '$.steps[0].kind.message', 'Write {input.name}'],
    ['an element outside a fan-out', { steps: [withText('a', '{item.x}')] }, 'UNKNOWN_REFERENCE', '$.steps[0].kind.message', 'for_each'],
    ['an element in skip_if', { steps: [ok('a', { for_each: { items: [1] }, skip_if: '{item.done}' })] }, 'UNKNOWN_REFERENCE', '$.steps[0].skip_if', 'element'],
    ['an input that the schema does not allow', { input_schema: { properties: { name: {} }, additionalProperties: false }, steps: [withText('a', '{input.nmae}')] }, 'UNKNOWN_REFERENCE', '$.steps[0].kind.message', "Did you mean 'name'"],
    ['a preset for no step', { steps: [ok()], entry_points: [{ id: 'e', starts_at: 'a', preset_results: { aa: 1 } }] }, 'UNKNOWN_REFERENCE', '$.entry_points[0].preset_results.aa'],
  ];

  test.each(cases)('%s', (_name, document, code, path, text = '') => {
    const { valid, problems } = validateWorkflow(document);
    expect(valid, JSON.stringify(problems)).toBe(true);
    const found = problems.find((problem) => problem.code === code && problem.path === path);
    expect(found, JSON.stringify(problems)).toMatchObject({ severity: 'warning' });
    expect(`${found?.message} ${found?.hint}`).toContain(text);
  });
});

describe('what is fine', () => {
  test.each<[string, unknown]>([
    ['no steps', { steps: [] }],
    ['runtime fields of any type', { steps: [ok('a', { status: 5, result: [1], error: {}, started_at: null, completed_at: 1 })], status: {}, current_step: 'x', notes: [], created_at: 5, updated_at: null }],
    ['null for optional fields', { name: null, checkpoint: null, entry_points: null, steps: [ok('a', { label: null, depends_on: null, requires: null, skip_if: null, input: null })] }],
    ['what Distri itself keeps in a document', { $schema: 'https://example.com/s.json', step_runs: [{ step_id: 'a' }], steps: [ok()] }],
    ['what Distri itself keeps in a wrapper', { $schema: 'x', agent_type: 'workflow_agent', name: 'n', description: 'd', triggers: [], channels: ['c'], connections: [{ provider: 'p' }], tools: {}, definition: { steps: [ok()] } }],
    ['a reference to a step further down that starts sooner', { steps: [ok('a'), withText('c', '{steps.d}', { depends_on: ['a'] }), ok('d')] }],
    ['a reference to a step that an entry point presets', { steps: [withText('c', '{steps.d}'), ok('d')], entry_points: [{ id: 'e', starts_at: 'c', preset_results: { d: 1 } }] }],
    ['an element in its places', { steps: [{ id: 'a', for_each: { items: '{input.l}', as: 'row' }, input: '{item}', kind: { type: 'checkpoint', message: '{item.x} {row.y} {row_index}' } }] }],
    ['unusual ids', { steps: ['__proto__', 'constructor', 'toString', 'mit leer', '日本語', 'a.b', '{x}'].map((id) => ok(id)) }],
    ['unusual ids as dependencies', { steps: [ok('__proto__'), ok('constructor', { depends_on: ['__proto__'] }), ok('c', { input: '{steps.constructor}', depends_on: ['constructor', '__proto__'] })] }],
    ['a dependency named twice', { steps: [ok(), ok('b', { depends_on: ['a', 'a'] })] }],
    ['methods in any case and as references', { steps: ['get', 'Post', 'DELETE', '{input.method}', 'PATCH', 'put'].map((method, i) => ({ id: `s${i}`, kind: { type: 'api_call', method, url: 'HTTPS://example.com/{x}' } })) }],
    ['URLs that begin with a reference', call({ url: '{env.BASE}/v1/{input.x}' })],
    ['credentials that are references', call({ headers: { Authorization: 'Bearer {env.TOKEN}', 'X-Trace': 'abc' } })],
    ['context: false', withKind({ type: 'script', command: 'ls' }, { context: false })],
    ['an empty mapping', withKind({ type: 'tool_call', tool_name: 't' }, { input: {} })],
    ['a kind with its own input', withKind({ type: 'tool_call', tool_name: 't', input: { a: 1 } })],
    ['shell and JSON braces', withKind({ type: 'script', command: 'echo ${input} {a,b} {"x":1}' }, { input: {} })],
    ['any fields in user data', { steps: [ok('a', { input: { depend_on: 1, kind: { type: 'x' } } })], context: { foo: { stepz: 1 } }, input_schema: { properties: { pattern: { type: 'string' }, depend_on: {} }, examples: [{ pattern: '(' }] } }],
    ['schemas of draft-07, also when they do not say so', { steps: [], input_schema: { items: [{ type: 'string' }], definitions: { a: {} }, $ref: '#/definitions/a' } }],
    ['draft-07 by name', wait({ $schema: 'http://json-schema.org/draft-07/schema#', dependencies: { a: ['b'] } })],
    ['schemas as booleans', wait(false)],
    ['recursive schemas', wait({ $id: 'https://x.y/tree', properties: { children: { items: { $ref: '#' } }, other: { $ref: 'tree' }, named: { $ref: '#n' } }, $defs: { n: { $anchor: 'n' } } })],
    ['references to steps that come first', { steps: [ok(), ok('b', { input: '{steps.a.x} {steps.a} {context.b.c} {input.q}', depends_on: ['a'] })], output: '{steps.b}' }],
    ['delays by numbers, times and references', { steps: [0, 1.5, '90', '{input.secs}'].map((secs, i) => ({ id: `s${i}`, kind: { type: 'delay', secs, until: null } })) }],
    ['delays until times and references', { steps: ['2020-01-01', '2027-01-31T09:00+02:00', '{input.day}T09:00Z'].map((until, i) => ({ id: `s${i}`, kind: { type: 'delay', until } })) }],
    [
      "names of a fan-out's element in a condition",
      {
        input_schema: { properties: { 'row.ok': {} } },
        steps: [{ id: 'a', for_each: { items: [1], as: 'row' }, kind: { type: 'condition', expression: '{row.ok}', if_true: { type: 'checkpoint', message: 'm' } } }],
      },
    ],
    ['time-outs and retries where they have a meaning', { steps: [{ id: 'a', timeout_secs: 1, kind: { type: 'wait_for_input', message: 'm', schema: {} } }, { id: 'b', timeout_secs: 1, retry: { max_attempts: 2 }, queue_timeout_secs: 5, input: {}, kind: { type: 'condition', expression: 'x', if_true: { type: 'script', command: 'ls' } } }, { id: 'c', retry: null, timeout_secs: null, kind: { type: 'checkpoint', message: 'm' } }] }],
    ['errors of steps that may fail', { steps: [ok('a', { on_error: 'continue' }), ok('b', { run_on: 'failure', input: '{steps.a.error} {steps.a.error_code}' })] }],
    ['reply buttons', withKind({ type: 'reply', text: 't', buttons_from: '{input.x}', button_template: { label: '{item.x}' } })],
  ])('%s', (_name, document) => {
    expect(problemsOf(document)).toEqual([]);
  });
});

test('a name of one letter is near to no other', () => {
  const [problem] = problemsOf({ steps: [ok('a'), withText('b', '{steps.c.x}', { depends_on: ['a'] })] });
  expect(problem).toMatchObject({ code: 'UNKNOWN_REFERENCE' });
  expect(problem?.hint ?? '').not.toContain('Did you mean');
});

test('everything that is wrong is reported at once', () => {
  const document = {
    steps: [
      { id: 'a', kind: { type: 'api_call', method: 'X', url: 'ftp://x' }, depends_on: ['b', 'zzz'], skip_if: '&&' },
      { id: 'a', kind: { type: 'nope' }, requires: [{ skill: 'x' }] },
      { id: 5, kind: { type: 'script' } },
      { id: 'b', kind: { type: 'checkpoint', message: 'm' }, depends_on: ['a'], depend_on: [] },
    ],
    entry_points: [{ id: 'e', starts_at: 'q' }],
    input_schema: { type: 'x', pattern: '(' },
  };
  expect(problemsOf(document).map(({ code }) => code).sort()).toEqual(
    ['BAD_EXPRESSION', 'BAD_JSON_SCHEMA', 'BAD_REGEX', 'BAD_SKILL', 'BAD_URL', 'CIRCULAR_DEPENDENCY', 'DUPLICATE_STEP_ID', 'UNKNOWN_DEPENDENCY', 'UNKNOWN_FIELD', 'UNKNOWN_KIND', 'UNKNOWN_METHOD', 'UNKNOWN_STARTS_AT', 'WHOLE_CONTEXT', 'WRONG_TYPE', 'WRONG_TYPE'],
  );
});

test('every cycle is named', () => {
  const steps = [ok('a', { depends_on: ['b'] }), ok('b', { depends_on: ['a'] }), ok('c', { depends_on: ['d'] }), ok('d', { depends_on: ['c'] })];
  expect(problemsOf({ steps }).map(({ message }) => message)).toEqual([
    'Circular dependency detected: a → b → a',
    'Circular dependency detected: c → d → c',
  ]);
});

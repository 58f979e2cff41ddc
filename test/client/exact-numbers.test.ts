import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseExact } from '../../src/definition/exact-json.js';
import type { JsonObject, JsonValue } from '../../src/definition/json.js';
import { parseWorkflow } from '../../src/definition/parse.js';
import { defineTool } from '../../src/worker/define-tool.js';
import { serve, type TestServer } from '../support/http.js';
import { sharedStage, untilRun } from './stage.js';

let numbers = '[]';
let service: TestServer;
beforeAll(async () => {
  service = await serve((_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(numbers));
});
afterAll(() => service.close());

const stage = sharedStage({
  tools: [defineTool({ name: 'text', execute: () => numbers }), defineTool({ name: 'rounding', execute: () => ({ id: 2 ** 60 }) })],
});

const integer = fc.stringMatching(/^-?[1-9]\d{0,30}$/);
const literal = fc.oneof(
  integer,
  fc.constantFrom('0', '-0', '1E400', '-1e400', '1e-400', '9007199254740991', '9007199254740992', '9007199254740993', '-9007199254740993', '1.0', '0.1'),
  fc.tuple(integer, fc.stringMatching(/^\d{1,25}$/)).map(([whole, fraction]) => `${whole}.${fraction}`),
  fc.tuple(integer, fc.integer({ min: -400, max: 400 })).map(([whole, exponent]) => `${whole}e${exponent}`),
);

/** The value of a number as it is written, whether it is a text or a number; undefined when a double has no such value. */
function exactly(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(text) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const short = digits.replace(/0+$/, '');
  return short === '' ? '0' : `${sign}${short}e${Number(exponent) - fraction.length + digits.length - short.length}`;
}

function documentOf(json: string): string {
  return `{
    "id": "numbers",
    "steps": [
      { "id": "document", "kind": { "type": "tool_call", "tool_name": "text", "input": {} }, "input": {} },
      { "id": "written", "kind": { "type": "script", "command": "cat \\"$WORKFLOW_CONTEXT_FILE\\"", "output_format": "json" }, "input": { "own": ${json}, "given": "{input.numbers}" } },
      { "id": "printed", "kind": { "type": "script", "command": "printf %s \\"$1\\"", "args": [${JSON.stringify(json)}], "output_format": "json" }, "input": {} },
      { "id": "asked", "kind": { "type": "api_call", "method": "GET", "url": "${service.url}" } }
    ]
  }`;
}

test('the digits of a number come out as they went in by every door, or the run warns of the place', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(literal, { minLength: 1, maxLength: 20 }), async (literals) => {
      numbers = `[${literals.join(',')}]`;
      const { definition, problems } = parseWorkflow(documentOf(numbers), { format: 'json' });
      const given = parseExact(`{"numbers":${numbers}}`);
      const run = await stage.client.start(definition, { input: given.value as JsonObject, inexact: given.inexact.map((number) => ({ ...number, path: ['input', ...number.path] })) });
      const ended = await run.result();
      expect(ended.status).toBe('completed');
      const { warnings = [], steps } = await run.snapshot();
      const result = (id: string) => steps[id]?.result as JsonValue;
      const written = result('written') as { own: JsonValue[]; given: JsonValue[] };
      const doors: [string, JsonValue[], string[]][] = [
        ['document', written.own, problems.map(({ message }) => message)],
        ['input', written.given, warnings.map(({ message }) => message)],
        ['tool', result('document') as JsonValue[], warnings.filter(({ step_id }) => step_id === 'document').map(({ message }) => message)],
        ['stdout', result('printed') as JsonValue[], warnings.filter(({ step_id }) => step_id === 'printed').map(({ message }) => message)],
        ['answer', (result('asked') as { body: JsonValue[] }).body, warnings.filter(({ step_id }) => step_id === 'asked').map(({ message }) => message)],
      ];
      for (const [door, values, told] of doors) {
        for (const [at, text] of literals.entries()) {
          const same = exactly(JSON.stringify(values[at]).replaceAll('"', '')) === exactly(text);
          if (!same) expect(told.join('\n'), `${door}: ${text}`).toContain(`The number ${text.slice(0, 40)}`);
          if (/^-?\d+$/.test(text)) expect(same, `${door}: ${text} became ${JSON.stringify(values[at])}`).toBe(true);
        }
      }
    }),
    { numRuns: 8 },
  );
});

test('an integer that a program may have rounded is warned of: by a tool, and as an input', async () => {
  const definition = { id: 'rounded', steps: [{ id: 'a', kind: { type: 'tool_call', tool_name: 'rounding', input: {} }, input: {} }] };
  const run = await stage.client.start(definition, { input: { list: [1, 2 ** 53] } });
  const { warnings } = await untilRun(run, ({ status }) => status === 'completed');
  expect(warnings).toMatchObject([
    { code: 'INEXACT_NUMBER', message: expect.stringContaining('$.input.list[1]') as string },
    { code: 'INEXACT_NUMBER', step_id: 'a', message: expect.stringContaining('$.id') as string },
  ]);
});

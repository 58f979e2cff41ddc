import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../json.js';
import { parseWorkflow } from '../parse.js';
import { InvalidDefinitionError } from '../errors.js';

const runs = (workflow_id: string, more: JsonObject = {}): JsonObject => ({ id: `run-${workflow_id}`, kind: { type: 'workflow', workflow_id, ...more } });
const flow = (id: string, ...steps: JsonValue[]): JsonObject => ({ id, steps: steps.length > 0 ? steps : [{ id: 'note', kind: { type: 'checkpoint', message: '' } }] });

function problemsOf(document: JsonObject, ...folder: JsonObject[]) {
  const workflows = (id: string) => folder.find((each) => each.id === id);
  try {
    return parseWorkflow(JSON.stringify(document), { workflows }).problems;
  } catch (error) {
    if (error instanceof InvalidDefinitionError) return error.problems;
    throw error;
  }
}

describe('workflows that are run by their id', () => {
  test('are warned of when they are not there, with their place', () => {
    expect(problemsOf(flow('a', runs('b'), runs('c')), flow('b'))).toMatchObject([
      { severity: 'warning', code: 'WORKFLOW_NOT_FOUND', path: '$.steps[1].kind.workflow_id', line: 1 },
    ]);
  });

  test('may not run each other in a circle, through other documents and those within steps', () => {
    const within = { id: 'in', kind: { type: 'workflow', definition: flow('inner', runs('b')) } };
    expect(problemsOf(flow('a', within), flow('b', runs('c')), flow('c', runs('b')))).toMatchObject([
      { severity: 'error', code: 'TOO_DEEP', path: '$.steps[0].kind.definition.steps[0].kind.workflow_id', message: expect.stringContaining('a → inner → b → c → b') as string },
    ]);
    expect(problemsOf(flow('a', runs('b')), flow('b', runs('a')))).toMatchObject([{ code: 'TOO_DEEP' }]);
  });

  test('may not lie more than sixteen deep', () => {
    const chain = (length: number) => Array.from({ length }, (_, index) => (index === length - 1 ? flow(`w${index}`) : flow(`w${index}`, runs(`w${index + 1}`))));
    expect(problemsOf(flow('a', runs('w0')), ...chain(15))).toEqual([]);
    expect(problemsOf(flow('a', runs('w0')), ...chain(16))).toMatchObject([{ code: 'TOO_DEEP', message: expect.stringContaining('more than 16 deep') as string }]);
  });

  test('are looked through once, however many ways lead to them', () => {
    const layers = Array.from({ length: 14 }, (_, index) => flow(`w${index}`, ...(index === 13 ? [] : [runs(`w${index + 1}`), { ...runs(`w${index + 1}`), id: 'again' }, { ...runs(`w${index + 1}`), id: 'once-more' }])));
    expect(problemsOf(flow('a', runs('w0')), ...layers)).toEqual([]);
  });
});

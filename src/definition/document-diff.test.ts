import { describe, expect, it } from 'vitest';
import { diffDocuments } from './document-diff.js';
import type { JsonObject } from './json.js';

function step(id: string, fields: JsonObject = {}): JsonObject {
  return { id, kind: { type: 'checkpoint', message: 'hi' }, ...fields };
}

function diff(before: JsonObject, after: JsonObject) {
  return diffDocuments(before, after);
}

const none = { steps: { added: [], removed: [], changed: [], reordered: false }, differences: [] };

describe('the difference of two documents', () => {
  it('is nothing when only the order of keys differs', () => {
    expect(diff({ id: 'a', steps: [step('x')] }, { steps: [{ kind: { message: 'hi', type: 'checkpoint' }, id: 'x' }], id: 'a' })).toEqual(none);
  });

  it('names steps that came, went and changed, and where', () => {
    const before = { steps: [step('gone'), step('x', { depends_on: ['gone'], label: 'X' }), step('same')] };
    const after = { steps: [step('x', { kind: { type: 'checkpoint', message: 'ho' }, depends_on: [], timeout_secs: 1 }), step('same'), step('new')] };
    expect(diff(before, after).steps).toEqual({
      added: ['new'],
      removed: ['gone'],
      changed: [
        {
          id: 'x',
          differences: [
            { path: '$.kind.message', change: 'changed', before: 'hi', after: 'ho' },
            { path: '$.depends_on[0]', change: 'removed', before: 'gone' },
            { path: '$.label', change: 'removed', before: 'X' },
            { path: '$.timeout_secs', change: 'added', after: 1 },
          ],
        },
      ],
      reordered: false,
    });
  });

  it('tells another order of the same steps', () => {
    expect(diff({ steps: [step('a'), step('b')] }, { steps: [step('b'), step('a')] })).toEqual({ ...none, steps: { ...none.steps, reordered: true } });
  });

  it('looks into the wrapper of an agent, and at what is around the steps', () => {
    const before = { agent_type: 'workflow_agent', name: 'a', definition: { id: 'x', steps: [step('s')] } };
    const after = { agent_type: 'workflow_agent', name: 'b', definition: { id: 'x', concurrency: 2, steps: [step('s')] } };
    expect(diff(before, after).differences).toEqual([
      { path: '$.name', change: 'changed', before: 'a', after: 'b' },
      { path: '$.definition.concurrency', change: 'added', after: 2 },
    ]);
  });

  it('takes __proto__ for an ordinary id and key', () => {
    const before = JSON.parse('{"steps":[{"id":"__proto__","input":{"__proto__":1}}]}') as JsonObject;
    const after = JSON.parse('{"steps":[{"id":"__proto__","input":{"__proto__":2}}]}') as JsonObject;
    expect(diff(before, after).steps.changed).toEqual([{ id: '__proto__', differences: [{ path: '$.input.__proto__', change: 'changed', before: 1, after: 2 }] }]);
  });
});

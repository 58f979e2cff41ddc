import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { definitionHash } from './hash.js';
import type { WorkflowDefinition } from './types.js';

const read = (json: string): WorkflowDefinition => JSON.parse(json) as WorkflowDefinition;

test('the hash is the SHA-256 of the JSON with sorted keys', () => {
  const expected = createHash('sha256').update('{"context":{"a":[1,"é"],"b":null},"id":"x","steps":[]}').digest('hex');
  expect(definitionHash(read('{"steps":[], "id":"x", "context":{"b":null,"a":[1,"é"]}}'))).toBe(expected);
});

test('every value counts, also below a key __proto__', () => {
  const hashes = ['{"__proto__":{"a":1}}', '{"__proto__":{"a":2}}', '{}', '{"a":1}'].map((context) =>
    definitionHash(read(`{"id":"x","steps":[],"context":${context}}`)),
  );
  expect(new Set(hashes).size).toBe(4);
});

test('an undefined field is as good as none', () => {
  expect(definitionHash({ id: 'x', steps: [], name: undefined })).toBe(definitionHash({ id: 'x', steps: [] }));
});

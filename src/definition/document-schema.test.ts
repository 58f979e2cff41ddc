import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { documentJsonSchema } from './document-schema.js';

const committed = readFileSync(new URL('../../schema/workflow.schema.json', import.meta.url), 'utf8');

describe('schema/workflow.schema.json', () => {
  test('is current (else run `npm run schema`)', () => {
    expect(committed).toBe(`${JSON.stringify(documentJsonSchema(), null, 2)}\n`);
  });

  const validate = new Ajv2020({ strict: false, logger: false }).compile(JSON.parse(committed) as object);
  const step = { id: 'a', kind: { type: 'condition', expression: 'x', if_true: { type: 'checkpoint', message: 'm' } } };

  test('accepts documents, bare and in an agent wrapper', () => {
    expect(validate({ steps: [step], unknown: 1 })).toBe(true);
    expect(validate({ agent_type: 'workflow_agent', definition: { steps: [step] } })).toBe(true);
  });

  test('refuses what the format refuses, in branches too', () => {
    expect(validate({ steps: {} })).toBe(false);
    expect(validate({ steps: [{ ...step, kind: { ...step.kind, if_true: { type: 'checkpoint' } } }] })).toBe(false);
    expect(validate({ agent_type: 'other', definition: { steps: [] } })).toBe(false);
  });
});

import type { JsonObject } from '../../src/client/index.js';

/** Documents that the client's tests run. */
export const greeting: JsonObject = {
  id: 'greeting',
  name: 'Says hello',
  version: 3,
  input_schema: { type: 'object', required: ['name'] },
  steps: [
    { id: 'hello', kind: { type: 'checkpoint', message: 'Hello {input.name}' } },
    { id: 'shout', kind: { type: 'tool_call', tool_name: 'shout', input: { text: '{steps.hello.message}' } }, depends_on: ['hello'] },
  ],
};

export const review: JsonObject = {
  id: 'review',
  steps: [
    { id: 'draft', kind: { type: 'tool_call', tool_name: 'shout', input: { text: 'draft' } } },
    {
      id: 'approve',
      kind: {
        type: 'wait_for_input',
        message: 'Is it good?',
        schema: { type: 'object', required: ['approved'], properties: { approved: { type: 'boolean' } } },
      },
      depends_on: ['draft'],
    },
  ],
};

export const failing: JsonObject = {
  id: 'failing',
  steps: [
    { id: 'first', kind: { type: 'tool_call', tool_name: 'shout', input: { text: 'one' } } },
    { id: 'second', kind: { type: 'tool_call', tool_name: 'break', input: { text: 'two' } }, depends_on: ['first'] },
  ],
};

/** A step that calls a tool. */
export function call(id: string, tool: string, more: JsonObject = {}): JsonObject {
  return { id, input: {}, kind: { type: 'tool_call', tool_name: tool }, ...more };
}

/** A chain of so many pure steps. */
export function chain(length: number): JsonObject {
  const steps = Array.from({ length }, (_, index) => ({
    id: `s${index}`,
    kind: { type: 'checkpoint', message: `step ${index}` },
    ...(index === 0 ? {} : { depends_on: [`s${index - 1}`] }),
  }));
  return { id: 'chain', steps };
}

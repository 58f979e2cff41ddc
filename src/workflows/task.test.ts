import { describe, expect, it } from 'vitest';
import type { WorkflowStep } from '../definition/types.js';
import { contextPart } from '../definition/context-part.js';
import { buildTask } from './task.js';

const seen = { lookup: () => undefined, aliases: [], context: () => ({ input: { a: 1 } }), rerun: 0 };

describe('a mapping that is null', () => {
  it('is as good as none: the step is sent the whole context', () => {
    const kind = { type: 'tool_call' as const, tool_name: 't' };
    const task = buildTask('w', { id: 'a', kind, input: null } satisfies WorkflowStep, kind, seen);
    expect(task).toEqual(buildTask('w', { id: 'a', kind } satisfies WorkflowStep, kind, seen));
    expect(task).toMatchObject({ context: { input: { a: 1 } } });
    expect(task).not.toHaveProperty('mapping');
  });
});

describe('contextPart', () => {
  it('is the part of a result, of a fan-out that of each element', () => {
    expect(contextPart({ status: 200, body: { items: [1, 2] } }, 'body')).toEqual({ items: [1, 2] });
    expect(contextPart({ status: 204 }, 'body')).toBeNull();
    expect(contextPart([{ status: 200, body: 1 }, { error: 'x' }], 'body')).toEqual([1, null]);
    expect(contextPart('preset', 'body')).toBe('preset');
  });
});

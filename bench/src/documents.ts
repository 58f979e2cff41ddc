import type { WorkflowDefinition } from 'distri-workflow/definition';

type Step = WorkflowDefinition['steps'][number];

/** Each step takes the result of the one before. */
export function chainDocument(steps: number, pauseMs?: number): WorkflowDefinition {
  const pause: { [key: string]: number } = pauseMs === undefined ? {} : { pause_ms: pauseMs };
  return {
    id: 'chain',
    steps: Array.from({ length: steps }, (_, at): Step => {
      const previous = `s${at}`;
      return {
        id: `s${at + 1}`,
        label: `Step ${at + 1}`,
        kind: { type: 'tool_call', tool_name: 'noop', input: { count: at === 0 ? 0 : `{steps.${previous}.count}`, ...pause } },
        ...(at === 0 ? {} : { depends_on: [previous] }),
      };
    }),
  };
}

/** Independent steps, as many at once as a document allows by default. */
export function fanOutDocument(steps: number): WorkflowDefinition {
  return {
    id: 'fan-out',
    steps: Array.from({ length: steps }, (_, at): Step => ({
      id: `s${at + 1}`,
      label: `Step ${at + 1}`,
      execution: 'parallel',
      kind: { type: 'tool_call', tool_name: 'noop', input: { count: at } },
    })),
  };
}

/** One step for each row of the input, at most `concurrency` at once. */
export function forEachDocument(concurrency: number): WorkflowDefinition {
  const kind = { type: 'tool_call', tool_name: 'noop', input: { count: '{item}' } } as const;
  return { id: 'for-each', steps: [{ id: 'each', for_each: { items: '{input.rows}', concurrency }, kind }] };
}

/** One child of one step for each row of the input. */
export function childrenDocument(): WorkflowDefinition {
  const say = { id: 'say', kind: { type: 'tool_call', tool_name: 'noop', input: { count: '{input.count}' } } };
  const kind: Step['kind'] = { type: 'workflow', definition: { id: 'one', steps: [say] }, input: { count: '{item}' } };
  return { id: 'children', steps: [{ id: 'each', for_each: { items: '{input.rows}' }, kind }] };
}

/** Steps that need no worker beside the engine: each depends on the one before and makes a message. */
export function pureDocument(steps: number): WorkflowDefinition {
  return {
    id: 'pure',
    steps: Array.from({ length: steps }, (_, at): Step => ({
      id: `s${at + 1}`,
      kind: { type: 'checkpoint', message: `{input.name} is at step ${at + 1}` },
      ...(at === 0 ? {} : { depends_on: [`s${at}`] }),
    })),
  };
}

/** Waits for an answer, then says it. */
export const asking = {
  id: 'asking',
  steps: [
    { id: 'ask', kind: { type: 'wait_for_input', message: 'Go on?', schema: { type: 'object', properties: { go: { type: 'boolean' } }, required: ['go'] } } },
    { id: 'say', kind: { type: 'checkpoint', message: 'told {steps.ask.go}' }, depends_on: ['ask'] },
  ],
};

/** A chain of so many scripts, then a question when told. */
export function chain(length: number, { asks = false, command = 'echo {}' } = {}) {
  const steps = Array.from({ length }, (_, at) => ({
    id: `s${at}`,
    kind: { type: 'script', command },
    input: {},
    ...(at === 0 ? {} : { depends_on: [`s${at - 1}`] }),
  }));
  return { id: 'chain', steps: [...steps, ...(asks ? [{ id: 'ask', kind: { type: 'wait_for_input', message: 'Go on?' }, depends_on: [`s${length - 1}`] }] : [])] };
}

/** Holds for a step that fails. */
export const holding = {
  id: 'holding',
  on_failure: 'hold',
  steps: [{ id: 'fail', kind: { type: 'script', command: 'exit 3' }, input: {} }],
};

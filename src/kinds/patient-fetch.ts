import { Agent, fetch as undiciFetch } from 'undici';

/** Models and tools may think for longer than the five minutes that Node's own fetch waits. */
const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 });

/** `fetch` without a time limit of its own: the caller's signal ends it. */
export const patientFetch = ((input, init) =>
  undiciFetch(
    input as Parameters<typeof undiciFetch>[0],
    { ...init, dispatcher } as Parameters<typeof undiciFetch>[1],
  )) as typeof globalThis.fetch;

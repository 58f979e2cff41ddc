// The tools of api-test.json: they ask the API whose base URL is the run's input.
import { defineTool, StepFailure } from 'distri-workflow/worker';
import { z } from 'zod';

const { fetch } = globalThis;

function lister(name, path) {
  return defineTool({
    name,
    description: `GET <api_base>${path}`,
    // api-test.json gives no mapping, so the tool is sent the run's whole context, with the input at its top level.
    input: z.looseObject({ api_base: z.string() }),
    maxAttempts: 3,
    async execute({ api_base }, { signal }) {
      const response = await fetch(`${api_base.replace(/\/$/, '')}${path}`, { signal });
      if (!response.ok) {
        throw new StepFailure('HTTP_STATUS', `${path} answered ${response.status}`, { retryable: response.status >= 500 });
      }
      return response.json();
    },
  });
}

export default [lister('list_agents', '/v1/agents'), lister('list_skills', '/v1/skills')];

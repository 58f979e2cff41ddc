import type { Activity, ActivityContext, StepLog } from '../activity.js';
import { StepFailure } from '../failure.js';
import { patientFetch } from '../patient-fetch.js';
import type { ConfigOf } from '../schemas.js';
import { textResult } from '../text-result.js';
import type { ModelSource } from './failures.js';
import { modelFromConnection, type ModelSettings } from './model.js';

type Config = ConfigOf<'agent_run'>;

/** The activity of `agent_run` steps: one turn of a model. `model`: the endpoint when no connection names one. */
export function createAgentRun(deps: { model?: ModelSettings }): Activity<Config> {
  return async (config, context) => {
    context.signal.throwIfAborted();
    const source = modelSource(deps.model, context);
    const model = config.model ?? source.settings.model;
    if (model == null) {
      throw new StepFailure('AGENT_FAILED', 'The step names no model and its endpoint has no default: set model on the step, or DISTRI_MODEL');
    }
    warnOfIgnored(config, context.log);
    return textResult(await answer(source, model, promptOf(config, context), context), context);
  };
}

function modelSource(model: ModelSettings | undefined, { connections }: ActivityContext): ModelSource {
  for (const connection of connections) {
    const settings = modelFromConnection({ ...connection.env, ...connection.secrets });
    if (settings) return { settings, connection };
  }
  if (model) return { settings: model };
  throw new StepFailure(
    'CONNECTION_MISSING',
    'No model is configured on this worker: set DISTRI_MODEL_BASE_URL and DISTRI_MODEL_API_KEY, or give the step a connection that has BASE_URL',
    { details: { skill: 'native:agent' } },
  );
}

function promptOf({ prompt }: Config, { mapping }: ActivityContext): string {
  return mapping === undefined ? prompt : `${prompt}\n\nInput:\n${JSON.stringify(mapping)}`;
}

/** The packages are loaded at the first call: a worker without agents starts faster. */
async function answer({ settings, ...source }: ModelSource, model: string, prompt: string, context: ActivityContext): Promise<string> {
  const [{ generateText }, { createOpenAICompatible }, { modelFailure }] = await Promise.all([
    import('ai'),
    import('@ai-sdk/openai-compatible'),
    import('./failures.js'),
  ]);
  const { baseUrl, apiKey } = settings;
  const provider = createOpenAICompatible({ name: 'model', baseURL: baseUrl, fetch: patientFetch, ...(apiKey !== undefined && { apiKey }) });
  try {
    const { text, finishReason } = await generateText({ model: provider(model), prompt, maxRetries: 0, abortSignal: context.signal });
    if (finishReason !== 'stop') context.log.warn('The model did not end its answer by itself', { finish_reason: finishReason });
    return text;
  } catch (error) {
    context.signal.throwIfAborted();
    throw modelFailure(error, { settings, ...source });
  }
}

function warnOfIgnored({ tools, skills, max_iterations: iterations, agent_id: agent }: Config, log: StepLog): void {
  const ignored = [
    ...(tools?.length ? ['tools'] : []),
    ...(skills?.length ? ['skills'] : []),
    ...(iterations != null && iterations > 1 ? ['max_iterations'] : []),
    ...(agent ? ['agent_id'] : []),
  ];
  if (ignored.length > 0) log.warn(`An agent step is a single turn of a model for now: ${ignored.join(', ')} ignored`);
}

import { APICallError } from 'ai';
import type { Connection } from '../../activities/connection.js';
import { messageOf } from '../../definition/text.js';
import { retryAfterSecs, tellsRateLimit } from '../api-call/rate-limit.js';
import { StepFailure } from '../failure.js';
import type { ModelSettings } from './model.js';

const HIDDEN = '***';

/** The model's endpoint and, when it came from one, its connection. */
export interface ModelSource {
  readonly settings: ModelSettings;
  readonly connection?: Connection;
}

/** What went wrong with a model call. The key is in no message, also when the endpoint repeats it. */
export function modelFailure(error: unknown, { settings, connection }: ModelSource): StepFailure {
  const message = (text: string) => hide(text, settings.apiKey);
  if (!APICallError.isInstance(error)) {
    return new StepFailure('AGENT_FAILED', message(`The model call failed: ${messageOf(error)}`));
  }
  const { statusCode, responseBody, responseHeaders = {} } = error;
  if (statusCode === undefined) {
    return new StepFailure('AGENT_FAILED', message(`The model at ${settings.baseUrl} could not be reached: ${error.message}`), { retryable: true });
  }
  const answer = `The model answered HTTP ${statusCode}: ${responseBody || error.message}`;
  const limited = statusCode === 429 || (statusCode === 403 && tellsRateLimit(responseHeaders));
  if ((statusCode === 401 || (statusCode === 403 && !limited)) && connection) {
    const { skill, revision } = connection;
    return new StepFailure('CONNECTION_REJECTED', message(`The connection ${skill} was rejected: ${answer}`), { details: { skill, revision, status: statusCode } });
  }
  const retryable = limited || statusCode >= 500;
  const after = retryable ? retryAfterSecs(responseHeaders, Date.now()) : undefined;
  return new StepFailure('AGENT_FAILED', message(answer), { retryable, ...(after !== undefined && { retryAfterSecs: after }) });
}

function hide(text: string, secret: string | undefined): string {
  return secret ? text.replaceAll(secret, HIDDEN) : text;
}

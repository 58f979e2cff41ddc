import { own } from '../../definition/json.js';

/** An endpoint that speaks OpenAI's chat completions. */
export interface ModelSettings {
  /** e.g. `https://api.openai.com/v1` */
  readonly baseUrl: string;
  readonly apiKey?: string;
  /** The model of steps that name none. */
  readonly model?: string;
}

const OPENAI = 'https://api.openai.com/v1';

/**
 * The endpoint that variables name: `DISTRI_MODEL_BASE_URL` or `OPENAI_BASE_URL` (with `OPENAI_API_KEY` alone, OpenAI
 * itself), `DISTRI_MODEL_API_KEY` or `OPENAI_API_KEY`, and `DISTRI_MODEL`. Undefined when they name none.
 */
export function modelFrom(variables: { readonly [name: string]: string | undefined }): ModelSettings | undefined {
  const first = (...names: string[]) => names.map((name) => own(variables, name)).find((value) => value);
  const openAiKey = first('OPENAI_API_KEY');
  const baseUrl = first('DISTRI_MODEL_BASE_URL', 'OPENAI_BASE_URL') ?? (openAiKey && OPENAI);
  const apiKey = first('DISTRI_MODEL_API_KEY') ?? openAiKey;
  const model = first('DISTRI_MODEL');
  return baseUrl ? { baseUrl, ...(apiKey && { apiKey }), ...(model && { model }) } : undefined;
}

/** The endpoint that a connection names: `BASE_URL`, `API_KEY` and `MODEL`, or the names of {@link modelFrom}. */
export function modelFromConnection(variables: { readonly [name: string]: string }): ModelSettings | undefined {
  const plain = { DISTRI_MODEL_BASE_URL: 'BASE_URL', DISTRI_MODEL_API_KEY: 'API_KEY', DISTRI_MODEL: 'MODEL' };
  const renamed = Object.entries(plain).map(([name, short]) => [name, own(variables, short)] as const);
  return modelFrom({ ...Object.fromEntries(renamed.filter(([, value]) => value !== undefined)), ...variables });
}

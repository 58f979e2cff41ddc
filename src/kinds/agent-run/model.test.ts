import { describe, expect, it } from 'vitest';
import { modelFrom, modelFromConnection } from './model.js';

describe('modelFrom', () => {
  it('takes our own variables before those of OpenAI', () => {
    const variables = { DISTRI_MODEL_BASE_URL: 'http://a', OPENAI_BASE_URL: 'http://b', DISTRI_MODEL_API_KEY: 'k', OPENAI_API_KEY: 'o', DISTRI_MODEL: 'm' };
    expect(modelFrom(variables)).toEqual({ baseUrl: 'http://a', apiKey: 'k', model: 'm' });
    expect(modelFrom({ OPENAI_BASE_URL: 'http://b', OPENAI_API_KEY: 'o' })).toEqual({ baseUrl: 'http://b', apiKey: 'o' });
  });

  it("means OpenAI itself with OpenAI's key alone", () => {
    expect(modelFrom({ OPENAI_API_KEY: 'o' })).toEqual({ baseUrl: 'https://api.openai.com/v1', apiKey: 'o' });
  });

  it('is none without an address; our key goes to no address of its own', () => {
    expect(modelFrom({})).toBeUndefined();
    expect(modelFrom({ DISTRI_MODEL_API_KEY: 'k', OPENAI_BASE_URL: '' })).toBeUndefined();
  });
});

describe('modelFromConnection', () => {
  it('takes the short names, and the long ones before them', () => {
    expect(modelFromConnection({ BASE_URL: 'http://a', API_KEY: 'k', MODEL: 'm' })).toEqual({ baseUrl: 'http://a', apiKey: 'k', model: 'm' });
    expect(modelFromConnection({ BASE_URL: 'http://a', OPENAI_API_KEY: 'o' })).toEqual({ baseUrl: 'http://a', apiKey: 'o' });
    expect(modelFromConnection({ TOKEN: 'x' })).toBeUndefined();
  });
});

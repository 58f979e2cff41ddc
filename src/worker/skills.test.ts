import { describe, expect, test } from 'vitest';
import { defineTool } from './define-tool.js';
import { allSkills, canBeServed, checkSkills, kindsOn } from './skills.js';
import { ToolSet } from './tool-set.js';

const none = { tools: new ToolSet([]), model: false };
const browse = defineTool({ name: 'browse', skill: 'native:browser', execute: () => null });
const drive = defineTool({ name: 'upload', skill: 'google:drive', execute: () => null });

describe('allSkills', () => {
  test('is the natives that every worker can serve, and no agent without a model', () => {
    expect(allSkills(none, [])).toEqual(['native:network', 'native:shell', 'native:tool']);
  });

  test('adds native:agent with a model, the skills of tools, and connections, each once', () => {
    const tools = new ToolSet([browse, drive]);
    expect(allSkills({ tools, model: true }, ['google:drive', 'slack:team'])).toEqual([
      'native:network',
      'native:shell',
      'native:tool',
      'native:agent',
      'native:browser',
      'google:drive',
      'slack:team',
    ]);
  });
});

describe('checkSkills', () => {
  test.each([
    ['no colon', 'drive', 'BAD_SKILL', /'drive' is not a skill/],
    ['two colons', 'a:b:c', 'BAD_SKILL', /two parts/],
    ['a space', 'google:my drive', 'BAD_SKILL', /two parts/],
    ['a lone surrogate', 'google:\ud800', 'BAD_SKILL', /not a skill/],
    ['an unknown native skill', 'native:moon', 'UNKNOWN_NATIVE_SKILL', /no native skill 'native:moon'/],
    ['native:agent without a model', 'native:agent', 'USAGE', /no model is configured/],
    ['native:browser without a tool that needs it', 'native:browser', 'USAGE', /none of its tools needs it/],
  ])('refuses %s', (_what, skill, code, message) => {
    expect(() => checkSkills(['native:shell', skill], none)).toThrow(expect.objectContaining({ code }) as Error);
    expect(() => checkSkills([skill], none)).toThrow(message);
  });

  test('takes natives, connections, and what tools and the model make possible', () => {
    const tools = new ToolSet([browse]);
    checkSkills(['native:network', 'native:shell', 'native:tool', 'google:drive', 'native:browser', 'native:agent'], { tools, model: true });
  });
});

test('canBeServed leaves out what cannot be the queue of a connection', () => {
  expect(['google:drive', 'native:shell', 'x', 'a:\udc00', `a:${'b'.repeat(500)}`].map(canBeServed)).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});

describe('kindsOn', () => {
  const all = ['native:network', 'native:shell', 'native:tool', 'google:drive'];

  test('runs on a native queue what needs it, and tools', () => {
    expect(kindsOn('native:network', all)).toEqual(['api_call', 'tool_call']);
    expect(kindsOn('native:shell', all)).toEqual(['tool_call', 'script']);
    expect(kindsOn('native:tool', all)).toEqual(['tool_call']);
    expect(kindsOn('native:agent', all)).toEqual(['tool_call', 'agent_run']);
  });

  test("runs every kind on a connection's queue", () => {
    expect(kindsOn('google:drive', all)).toEqual(['api_call', 'tool_call', 'script', 'agent_run']);
  });

  test('runs no script on a worker that was not started with native:shell', () => {
    expect(kindsOn('google:drive', ['google:drive'])).toEqual(['api_call', 'tool_call', 'agent_run']);
  });
});

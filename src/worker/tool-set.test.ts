import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineTool } from './define-tool.js';
import { ToolSet } from './tool-set.js';

const tool = (name: string, alias?: string) => ({
  ...defineTool({ name, input: z.object({ a: z.number() }), execute: () => null }),
  ...(alias !== undefined && { alias }),
});

describe('ToolSet', () => {
  it('finds a tool by its name, also by one that objects have by themselves', () => {
    const set = new ToolSet([tool('constructor')]);
    expect(set.get('constructor')?.name).toBe('constructor');
    expect(set.get('toString')).toBeUndefined();
  });

  it('refuses two tools of one name', () => {
    expect(() => new ToolSet([tool('a'), tool('a')])).toThrow(
      expect.objectContaining({ code: 'BAD_TOOLS_FILE', message: expect.stringContaining("'a'") as string }) as Error,
    );
  });

  it('finds a tool by its alias while nothing else has it', () => {
    const set = new ToolSet([tool('files.read', 'read'), tool('files.list', 'list'), tool('web.list', 'list'), tool('x.own', 'own'), tool('own')]);
    expect(set.get('read')?.name).toBe('files.read');
    expect(set.get('list')).toBeUndefined();
    expect(set.get('own')?.name).toBe('own');
  });

  it('tells the catalogue each name with a hash that changes with the schema', () => {
    const [entry, alias] = new ToolSet([tool('files.read', 'read')]).entries();
    expect(entry).toMatchObject({ name: 'files.read', skill: 'native:tool', input_schema: { type: 'object' } });
    expect(alias).toEqual({ ...entry, name: 'read' });
    const other = defineTool({ name: 'files.read', input: z.object({ b: z.number() }), execute: () => null });
    expect(new ToolSet([other]).entries()[0]?.hash).not.toBe(entry?.hash);
  });
});

import { describe, expect, test } from 'vitest';
import type { ToolEntry, WorkerAnnouncement } from '../definition/messages.js';
import { Announcements, isAnnouncement } from './announcements.js';

const NOW = Date.parse('2026-11-01T00:00:00Z');
const HOUR = 3_600_000;

function tool(name: string, more: Partial<ToolEntry> = {}): ToolEntry {
  return { name, skill: 'native:tool', hash: 'h', ...more };
}

function announcement(identity: string, more: Partial<WorkerAnnouncement> = {}): WorkerAnnouncement {
  return { identity, skills: ['native:tool'], tools: [], expires_at: new Date(NOW + 2 * HOUR).toISOString(), ...more };
}

describe('Announcements', () => {
  test('lists what a worker announced last, once', () => {
    const catalogue = new Announcements();
    catalogue.announce(announcement('a', { tools: [tool('old')] }), NOW);
    catalogue.announce(announcement('a', { skills: ['x:y'], tools: [tool('new')] }), NOW);
    expect(catalogue.list()).toEqual([announcement('a', { skills: ['x:y'], tools: [tool('new')] })]);
  });

  test('forgets a worker two hours after its last announcement, whatever its own clock says', () => {
    const catalogue = new Announcements();
    catalogue.announce(announcement('a', { expires_at: '2099-01-01T00:00:00Z' }), NOW);
    expect(catalogue.nextExpiry).toBe(NOW + 2 * HOUR);
    catalogue.expire(NOW + 2 * HOUR - 1);
    expect(catalogue.list()).toHaveLength(1);
    catalogue.expire(NOW + 2 * HOUR);
    expect(catalogue.list()).toEqual([]);
    expect(catalogue.nextExpiry).toBeUndefined();
  });

  test('takes a worker away at once when its announcement has expired already', () => {
    const catalogue = new Announcements();
    catalogue.announce(announcement('a'), NOW);
    catalogue.announce(announcement('b'), NOW);
    catalogue.announce(announcement('a', { expires_at: new Date(0).toISOString() }), NOW);
    expect(catalogue.list().map((worker) => worker.identity)).toEqual(['b']);
  });

  test('keeps the schemas of a tool that two workers offer when one of them goes', () => {
    const shared = tool('shared', { input_schema: { type: 'object' } });
    const catalogue = new Announcements();
    catalogue.announce(announcement('a', { tools: [shared] }), NOW);
    catalogue.announce(announcement('b', { tools: [shared] }), NOW);
    expect(catalogue.list().map((worker) => worker.tools)).toEqual([[shared], [tool('shared')]]);
    catalogue.announce(announcement('a', { expires_at: new Date(0).toISOString() }), NOW);
    expect(catalogue.list().map((worker) => worker.tools)).toEqual([[shared]]);
  });

  test('tells the same after its state was handed on as JSON', () => {
    const catalogue = new Announcements();
    catalogue.announce(announcement('a', { tools: [tool('t', { description: 'd' }), tool('__proto__')] }), NOW);
    const state = JSON.parse(JSON.stringify(catalogue.state())) as ReturnType<Announcements['state']>;
    expect(new Announcements(state).list()).toEqual(catalogue.list());
  });

  test('drops a schema over 100 KB and keeps the tool', () => {
    const catalogue = new Announcements();
    const small = { type: 'object' };
    const big = { description: 'é'.repeat(60_000) };
    catalogue.announce(announcement('a', { tools: [tool('t', { input_schema: big, output_schema: small })] }), NOW);
    expect(catalogue.list()[0]?.tools).toEqual([tool('t', { output_schema: small })]);
  });

  test('stays under 1.5 MiB, leaving out schemas before tools', () => {
    const catalogue = new Announcements();
    const schema = { description: 'x'.repeat(90_000) };
    for (let worker = 0; worker < 5; worker += 1) {
      const tools = Array.from({ length: 6 }, (_, index) => tool(`t${worker}-${index}`, { input_schema: schema }));
      catalogue.announce(announcement(`w${worker}`, { tools }), NOW);
    }
    const tools = catalogue.list().flatMap((worker) => worker.tools);
    expect(tools).toHaveLength(30);
    expect(tools.filter((each) => each.input_schema !== undefined).length).toBeGreaterThan(10);
    expect(JSON.stringify(catalogue.list()).length).toBeLessThanOrEqual(1536 * 1024);
  });

  test('forgets the oldest workers when even names do not fit', () => {
    const catalogue = new Announcements();
    const skills = Array.from({ length: 5_000 }, (_, index) => `skill:${index}-${'x'.repeat(100)}`);
    for (const identity of ['a', 'b', 'c', 'd']) catalogue.announce(announcement(identity, { skills }), NOW);
    expect(JSON.stringify(catalogue.list()).length).toBeLessThanOrEqual(1536 * 1024);
    expect(catalogue.list().map((worker) => worker.identity)).toEqual(['c', 'd']);
  });

  test('names workers, skills and tools for people', () => {
    const catalogue = new Announcements();
    catalogue.announce(announcement('7@host', { tools: [tool('search')] }), NOW);
    expect(catalogue.details()).toBe('1 live worker(s)\n\n- **7@host**: native:tool; tools: search');
  });
});

describe('isAnnouncement', () => {
  test.each([
    ['nothing', undefined],
    ['text', 'x'],
    ['no identity', { ...announcement('a'), identity: undefined }],
    ['skills that are no texts', { ...announcement('a'), skills: [1] }],
    ['a tool without a skill', { ...announcement('a'), tools: [{ name: 't', hash: 'h' }] }],
    ['a time that is none', announcement('a', { expires_at: 'soon' })],
  ])('refuses %s', (_what, value) => {
    expect(isAnnouncement(value)).toBe(false);
  });

  test('takes an announcement', () => {
    expect(isAnnouncement(announcement('a', { tools: [tool('t')] }))).toBe(true);
  });
});

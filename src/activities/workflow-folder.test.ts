import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FolderWorkflows } from './workflow-folder.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distri-workflows-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (name: string, document: unknown) => writeFile(join(folder, name), typeof document === 'string' ? document : JSON.stringify(document));

test('finds documents by id in JSON, YAML and an agent wrapper, the newest version first', async () => {
  await write('nine.json', { id: 'flow', version: 9, steps: [] });
  await write('ten.yaml', 'id: flow\nversion: 10\nsteps: []\n');
  await write('old.json', { id: 'flow', steps: [] });
  await write('agent.yml', 'agent_type: workflow_agent\nname: a\ndefinition:\n  id: wrapped\n  steps: []\n');
  const workflows = new FolderWorkflows(folder);
  expect(await workflows.get('flow')).toMatchObject({ version: 10 });
  expect(await workflows.get('flow', '9')).toMatchObject({ version: 9 });
  expect(await workflows.get('flow', 11)).toBeUndefined();
  expect(await workflows.get('wrapped')).toMatchObject({ agent_type: 'workflow_agent' });
  expect((await workflows.list()).map(({ id, file }) => [id, file])).toContainEqual(['wrapped', join(folder, 'agent.yml')]);
});

test('passes over what is no document, and reads a file again when it has changed', async () => {
  await write('broken.json', '{');
  await write('list.json', '[]');
  await write('note.txt', '{"id":"note"}');
  await write('flow.json', { id: 'flow', name: 'before' });
  const workflows = new FolderWorkflows(folder);
  expect((await workflows.list()).map(({ id }) => id)).toEqual(['flow']);
  await write('flow.json', { id: 'flow', name: 'after' });
  await utimes(join(folder, 'flow.json'), new Date(), new Date(Date.now() + 5_000));
  expect(await workflows.get('flow')).toMatchObject({ name: 'after' });
});

test('a folder that is not there is an error', async () => {
  await expect(new FolderWorkflows(join(folder, 'absent')).get('x')).rejects.toMatchObject({ code: 'UNREADABLE_FILE' });
});

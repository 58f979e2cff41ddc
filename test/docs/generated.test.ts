import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('the description of the API and the types of its client are those that the routes make', async () => {
  const checked = promisify(execFile)(process.execPath, ['scripts/export-openapi.mjs', '--check']);
  await expect(checked).resolves.toMatchObject({ stderr: '' });
});

test('the pages of the step kinds are those that the kinds make', async () => {
  const checked = promisify(execFile)(process.execPath, ['scripts/generate-docs.mjs', '--check']);
  await expect(checked).resolves.toMatchObject({ stderr: '' });
});

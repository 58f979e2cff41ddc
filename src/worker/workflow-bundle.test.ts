import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bundleWorkflows, workflowBundle } from './workflow-bundle.js';

test('the workflow sources can be bundled, and a second asking gets the same bundle', async () => {
  const bundle = await workflowBundle();
  expect(bundle).toMatchObject({ code: expect.stringContaining('distriWorkflow') as string });
  expect(await workflowBundle()).toBe(bundle);
});

test.each([
  ['a library that must stay out of histories', "import { z } from 'zod'; export async function w() { return z; }", /'zod' is imported by .*workflows\.js/],
  ["Node's own modules", "import fs from 'node:fs'; export async function w() { return fs; }", /'node:fs' is imported by .*workflows\.js/],
  ['a part of the SDK for other places', "import '@temporalio/client'; export async function w() {}", /'@temporalio\/client'/],
  ['a file that is not there', "import './absent.js'; export async function w() {}", /absent\.js/],
])('%s is refused by name', async (_what, source, message) => {
  const folder = mkdtempSync(join('node_modules', '.distri-bundle-'));
  try {
    writeFileSync(join(folder, 'workflows.js'), source);
    await expect(bundleWorkflows(join(process.cwd(), folder, 'workflows.js'))).rejects.toThrow(message);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

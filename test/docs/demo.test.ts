import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { Shell } from './shell.js';

test("the README's first command runs the pipeline to its end on a server of its own", async () => {
  const shell = await Shell.open();
  try {
    const { code, output } = await shell.run(`npm --prefix '${resolve('.')}' run demo -- --folder '${shell.folder}/.distri'`);
    expect(code, output).toBe(0);
    expect(output).toMatch(/✓ Publish \(publish\)[\s\S]*"published": 3/);
  } finally {
    await shell.close();
  }
});

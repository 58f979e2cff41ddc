import { expect, test } from 'vitest';
import { remedy } from './remedy.js';

test('a missing connection is added, with the permissions that the steps ask for', () => {
  expect(remedy('google:drive', ['drive.readonly', 'a b'])).toBe(
    "distri-workflow connections add google:drive --permission drive.readonly --permission 'a b'",
  );
});

test('a missing native skill is served by a worker', () => {
  expect(remedy('native:shell')).toBe('distri-workflow worker --skills native:shell');
});

test('what a stranger wrote into a skill stays one word of the shell', () => {
  expect(remedy('x:$(reboot)')).toBe("distri-workflow connections add 'x:$(reboot)'");
});

import { messageOf } from '../../definition/text.js';
import type { Mask } from '../activity.js';
import { StepFailure } from '../failure.js';
import type { Command, Ended } from './process.js';

/** Characters of what a script wrote that its failure repeats. */
const LONGEST_OUTPUT = 4000;

/** `Exit code N: …` with what the script wrote; of a long text the end, where the reason stands. */
export function badExit(ended: Ended, stderr: string, stdout: string, mask: Mask): StepFailure {
  const reason = ended.signal === null ? `Exit code ${ended.code}` : `Killed by ${ended.signal}`;
  const text = stderr.trim() || stdout.trim();
  return new StepFailure('SCRIPT_EXIT', `${reason}: ${text.length > LONGEST_OUTPUT ? '…' : ''}${mask.end(text, LONGEST_OUTPUT)}`);
}

export function timedOut(secs: number): StepFailure {
  return new StepFailure('TIMED_OUT', `The script took longer than ${secs} s: it was ended. Set timeout_secs if it needs more`);
}

export function tooMuchOutput(limit: number): StepFailure {
  return new StepFailure(
    'SCRIPT_OUTPUT',
    `The script wrote more than ${limit} bytes to its standard output, which is the limit: it was ended. ` +
      'Write large data to a file or a store and print where it is',
  );
}

export function noJson(text: string, error: unknown): StepFailure {
  const reason = messageOf(error);
  const shown = text === '' ? 'it is empty' : reason;
  return new StepFailure('SCRIPT_OUTPUT', `output_format is json and the standard output of the script is not: ${shown}`);
}

/** What the system or Node refused to start. */
export function cannotStart(error: unknown, command: Command): StepFailure {
  const cause = error instanceof Error ? error : new Error(String(error));
  const code = 'code' in cause ? cause.code : undefined;
  return new StepFailure('SCRIPT_START', `The script could not be started: ${startProblem(code, cause, command)}`, { cause });
}

function startProblem(code: unknown, error: Error, { args, env }: Command): string {
  if (code === 'E2BIG') {
    const longest = Math.max(...args.map((arg) => Buffer.byteLength(arg)));
    const all = [...args, ...Object.values(env)].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    return (
      `the command, its arguments and variables are too large for the system (the longest argument has ${longest} bytes, ` +
      `all together ${all}; Linux takes 128 KiB each): read large values from the file in WORKFLOW_CONTEXT_FILE instead`
    );
  }
  if (code === 'ERR_INVALID_ARG_VALUE') return 'its command, an argument or a variable holds a null character';
  if (code === 'EPERM') return `${error.message}: a worker that is not root cannot run scripts as another user`;
  return error.message;
}

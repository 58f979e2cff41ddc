import { codes, type Code } from '../definition/codes.js';
import type { ChildEnded } from '../definition/messages.js';
import type { ChildEnd } from './child.js';

/** How a child ended, as its step is told. */
export function endOf(end: ChildEnded): ChildEnd {
  const { run_id: runId } = end;
  switch (end.status) {
    case 'completed': {
      const { output, output_bytes } = end;
      if (output_bytes === undefined) return { status: 'completed', output };
      const message = `The output of run '${runId}' is ${output_bytes} bytes, too large to be the result of a step. Let its 'output' say less.`;
      return { status: 'failed', failure: { code: 'RESULT_TOO_LARGE', message } };
    }
    case 'canceled':
      return { status: 'canceled', failure: { code: 'RUN_CANCELED', message: `Run '${runId}' was canceled` } };
    case 'failed': {
      const code = Object.hasOwn(codes, end.code) ? (end.code as Code) : 'RUN_FAILED';
      return { status: 'failed', failure: { code, message: `Run '${runId}' failed: ${(end.message as string | undefined) ?? 'it does not say why'}` } };
    }
  }
}

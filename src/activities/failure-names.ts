import type { StepFailure } from '../kinds/failure.js';

/** Whether a rule for retries names a failure: by its code, or by the status of the answer (`404`, `"HTTP_404"`, `"4xx"`). */
export function isNamed({ code, status }: Pick<StepFailure, 'code' | 'status'>, names: readonly (string | number)[]): boolean {
  const own = status === undefined ? [code] : [code, status, String(status), `HTTP_${status}`, `${Math.trunc(status / 100)}xx`];
  return own.some((name) => names.includes(name));
}

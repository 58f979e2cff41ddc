import { statusNames } from '../definition/status-names.js';
import type { StepFailure } from '../kinds/failure.js';

/** Whether a rule for retries names a failure: by its code, or by the status of the answer (`404`, `"HTTP_404"`, `"4xx"`). */
export function isNamed({ code, status }: Pick<StepFailure, 'code' | 'status'>, names: readonly (string | number)[]): boolean {
  const own = status === undefined ? [code] : [code, `HTTP_${status}`, ...statusNames(status)];
  return own.some((name) => names.includes(name));
}

/**
 * Whether the activation under way brings more than updates: results, timers or signals that have yet to take effect when an
 * update is validated. It is said anew at the beginning of each activation, and validators run while it goes through its jobs.
 */
let bringsMore = false;

export function beginActivation(more: boolean): void {
  bringsMore = more;
}

export function activationBringsMore(): boolean {
  return bringsMore;
}

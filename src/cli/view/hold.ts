import { writeAddress, type Address } from '../address.js';
import { plain, shellWord } from './text.js';

/** The commands with which a failed step, or an element of it, goes on for which the run holds. */
export function holdCommands(runId: string, address: Address): string[] {
  const run = shellWord(plain(runId));
  const step = shellWord(plain(writeAddress(address)));
  return [`distri-workflow runs retry ${run} ${step}`, `distri-workflow runs skip ${run} ${step} --result JSON`, giveUpCommand(runId)];
}

/** The command that ends a hold without a retry. */
export function giveUpCommand(runId: string): string {
  return `distri-workflow runs resume ${shellWord(plain(runId))}   (gives it up)`;
}

/** The command that runs all held elements of a fan-out again. */
export function retryAllCommand(runId: string, stepId: string, count: number): string {
  return `distri-workflow runs retry ${shellWord(plain(runId))} ${shellWord(plain(stepId))}   (all ${count})`;
}

import { plain, shellWord } from './text.js';

/** The commands with which a run goes on that holds for a failed step. */
export function holdCommands(runId: string, stepId: string): string[] {
  const run = shellWord(plain(runId));
  const step = shellWord(plain(stepId));
  return [
    `distri-workflow runs retry ${run} ${step}`,
    `distri-workflow runs skip ${run} ${step} --result JSON`,
    `distri-workflow runs resume ${run}   (gives it up)`,
  ];
}

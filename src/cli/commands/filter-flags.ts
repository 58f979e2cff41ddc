import { Option, type Command } from 'commander';
import { RUN_STATUSES, type RunStatus } from '../../definition/snapshot.js';
import type { RunFilter } from '../../client/index.js';
import { timeText, wholeNumber } from '../values.js';

/** The flags that choose runs. */
export interface FilterFlags {
  status?: RunStatus;
  workflow?: string;
  workflowVersion?: number;
  missingSkill?: string;
  owner?: string;
  parent?: string;
  startedAfter?: string;
  startedBefore?: string;
}

/** Adds the flags of {@link FilterFlags}. */
export function addFilterFlags(command: Command): Command {
  return command
    .addOption(new Option('--status <status>', 'only runs with this status').choices(RUN_STATUSES))
    .option('--workflow <id>', 'only runs of this workflow')
    .option('--workflow-version <n>', 'only runs of this version of it', wholeNumber)
    .option('--missing-skill <skill>', 'only runs that are blocked on this skill')
    .option('--owner <owner>', 'only runs of this owner')
    .option('--parent <id>', 'only runs that this run started: its children')
    .option('--started-after <time>', 'only runs that started at this time (ISO 8601) or later', timeText)
    .option('--started-before <time>', 'only runs that started before this time', timeText);
}

/** The runs that the flags choose. */
export function filterOf(flags: FilterFlags): RunFilter {
  const { status, workflow: workflowId, workflowVersion: version, missingSkill, owner, parent: parentRunId, startedAfter, startedBefore } = flags;
  return {
    ...(status !== undefined && { status }),
    ...(workflowId !== undefined && { workflowId }),
    ...(version !== undefined && { version }),
    ...(missingSkill !== undefined && { missingSkill }),
    ...(owner !== undefined && { owner }),
    ...(parentRunId !== undefined && { parentRunId }),
    ...(startedAfter !== undefined && { startedAfter }),
    ...(startedBefore !== undefined && { startedBefore }),
  };
}

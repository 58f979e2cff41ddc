import { uuid4 } from '@temporalio/workflow';
import { cut, isWellFormed } from '../definition/text.js';

const LONGEST = 250;

/** Whether a run id is one that this run gives its children. */
export function isChildRunId(runId: string, id: string): boolean {
  return id.startsWith(`${runId}/`) || id.startsWith(longPrefix(runId));
}

function longPrefix(runId: string): string {
  return `${cut(runId.replace(/\p{Cc}/gu, ''), 100)}/`;
}

/** Makes the run ids of the children of a run: its own, and the name of the step or element. Long ones end in a UUID. */
export function childRunIds(runId: string): (name: string) => string {
  return (name) => {
    const id = `${runId}/${name}`;
    const fits = id.length <= LONGEST && isWellFormed(id) && !/\p{Cc}/u.test(id);
    return fits ? id : `${longPrefix(runId)}${uuid4()}`;
  };
}

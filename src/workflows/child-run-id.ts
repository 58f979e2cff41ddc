import { uuid4 } from '@temporalio/workflow';
import { cut, isWellFormed } from '../definition/text.js';

const LONGEST = 250;

/** Makes the run ids of the children of a run: its own, and the name of the step or element. Long ones end in a UUID. */
export function childRunIds(runId: string): (name: string) => string {
  return (name) => {
    const id = `${runId}/${name}`;
    const fits = id.length <= LONGEST && isWellFormed(id) && !/\p{Cc}/u.test(id);
    return fits ? id : `${cut(runId.replace(/\p{Cc}/gu, ''), 100)}/${uuid4()}`;
  };
}

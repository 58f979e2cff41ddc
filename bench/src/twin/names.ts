/** The twin's task queues: as ours, one for workflows and one for the tool, and names as long, since history repeats them. */
export const TWIN_QUEUE = 'byhand';
export const TWIN_TOOL_QUEUE = 'byhand:native:tool';

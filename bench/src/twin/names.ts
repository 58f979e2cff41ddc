/** The twin's task queues: as ours, one for workflows and one for the tool. */
export const TWIN_QUEUE = 'twin';
export const TWIN_TOOL_QUEUE = 'twin:tool';

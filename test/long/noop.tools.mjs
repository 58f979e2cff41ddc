// The tool of many elements: it does nothing, and says which element it did nothing for.
import { defineTool } from 'distri-workflow/worker';

export default [defineTool({ name: 'noop', execute: (_input, { index }) => index })];

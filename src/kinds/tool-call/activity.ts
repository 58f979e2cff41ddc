import { roundedIn, roundedMessage } from '../../definition/exact-json.js';
import { isObject, type JsonValue } from '../../definition/json.js';
import type { Tool, ToolContext } from '../../worker/tool.js';
import type { ToolSet } from '../../worker/tool-set.js';
import type { Activity, ActivityContext } from '../activity.js';
import { withDeadline } from '../deadline.js';
import type { ConfigOf } from '../schemas.js';
import { textResult } from '../text-result.js';
import { failed, misfit, notHere, notJson, timedOut } from './failures.js';
import { NotJsonError, toJson } from './to-json.js';

type Config = ConfigOf<'tool_call'>;

/** The activity of `tool_call` steps: calls a tool of this worker with the step's input and makes its result JSON. */
export function createToolCall(deps: { tools: Pick<ToolSet, 'get'> }): Activity<Config> {
  return async (config, context) => {
    const tool = deps.tools.get(config.tool_name);
    if (tool === undefined) throw notHere(config.tool_name, context.attempt);
    const input = await checkInput(tool, toolInput(config, context), context.attempt);
    const output = await withDeadline(
      context.signal,
      tool.timeoutSecs,
      (signal) => callTool(tool, input, toolContext(context, signal)),
      () => timedOut(tool, context.attempt),
    );
    return checkOutput(tool, output, context);
  };
}

/** The format's rule (section 10): `kind.input` laid over the mapping, whichever is there, else the whole context. */
function toolInput(config: Config, context: ActivityContext): JsonValue {
  const own = isBlank(config.input) ? undefined : config.input;
  const { mapping } = context;
  if (own === undefined) return mapping === undefined ? (context.context ?? {}) : mapping;
  return isObject(own) && isObject(mapping) ? { ...mapping, ...own } : own;
}

function isBlank(input: JsonValue | undefined): boolean {
  return input === undefined || input === null || (isObject(input) && Object.keys(input).length === 0);
}

async function checkInput(tool: Tool, input: JsonValue, attempt: number): Promise<unknown> {
  if (!tool.input) return input;
  try {
    const parsed = await tool.input.safeParseAsync(input);
    if (parsed.success) return parsed.data;
    throw misfit('TOOL_INPUT', tool, parsed.error.issues);
  } catch (error) {
    throw failed(tool, error, attempt);
  }
}

async function checkOutput(tool: Tool, output: unknown, context: ActivityContext): Promise<JsonValue> {
  try {
    const parsed = tool.output ? await tool.output.safeParseAsync(output) : undefined;
    if (parsed?.success === false) throw misfit('TOOL_OUTPUT', tool, parsed.error.issues);
    const value = parsed ? parsed.data : output;
    if (typeof value === 'string') return textResult(value, context);
    const json = toJson(value);
    for (const path of roundedIn(json)) context.warn('INEXACT_NUMBER', roundedMessage(path));
    return json;
  } catch (error) {
    throw error instanceof NotJsonError ? notJson(tool, error) : failed(tool, error, context.attempt);
  }
}

async function callTool(tool: Tool, input: unknown, context: ToolContext): Promise<unknown> {
  try {
    return await tool.execute(input, context);
  } catch (error) {
    context.signal.throwIfAborted();
    throw failed(tool, error, context.attempt);
  }
}

function toolContext(context: ActivityContext, signal: AbortSignal): ToolContext {
  const { runId, workflowId, stepId, index, attempt, idempotencyKey, log, connections } = context;
  return {
    runId,
    workflowId,
    stepId,
    ...(index !== undefined && { index }),
    attempt,
    idempotencyKey,
    signal,
    heartbeat: (details) => context.heartbeat(details),
    log,
    connections,
  };
}

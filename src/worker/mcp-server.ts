import { setImmediate } from 'node:timers/promises';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ErrorCode, McpError, type CallToolResult, type Tool as ListedTool } from '@modelcontextprotocol/sdk/types.js';
import { DistriError } from '../definition/errors.js';
import { isObject, type JsonObject } from '../definition/json.js';
import { wellFormed } from '../definition/text.js';
import { LONGEST_TIMER_MS } from '../kinds/deadline.js';
import { StepFailure } from '../kinds/failure.js';
import { Tail } from '../kinds/script/output.js';
import { LostError, openClient, untilLost } from './mcp-transport.js';
import type { Tool, ToolContext } from './tool.js';

/** An MCP server. `target`: a command with its arguments, or an http(s) URL; `env`: added to a command's environment. */
export interface McpSpec {
  readonly name: string;
  readonly target: string;
  readonly env?: { readonly [name: string]: string };
}

const STDERR_CHARS = 2000;
const ATTEMPTS_WHEN_LOST = 3;

/** One MCP server that is kept connected. */
export class McpServer {
  readonly #stderr = new Tail(STDERR_CHARS);
  #client: Promise<Client> | undefined;

  constructor(private readonly spec: McpSpec) {}

  /** @throws DistriError `BAD_MCP_SERVER` when the server cannot be reached or does not list its tools. */
  async tools(): Promise<Tool[]> {
    try {
      return (await listTools(await this.#connected())).map((tool) => this.#tool(tool));
    } catch (cause) {
      await setImmediate();
      const { name, target } = this.spec;
      const stderr = this.#stderr.text();
      const said = stderr === '' ? '' : `. Its error output ends: ${stderr}`;
      throw new DistriError('BAD_MCP_SERVER', wellFormed(`The MCP server '${name}' (${target}) cannot be used: ${textOf(cause)}${said}`), {
        cause,
        hint: 'Check the command or URL; a command gets only a minimal environment and what --mcp-env adds.',
      });
    }
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    await client?.close();
  }

  #connected(): Promise<Client> {
    if (this.#client) return this.#client;
    const connecting = openClient(this.spec.target, this.spec.env ?? {}, (chunk) => this.#stderr.add(chunk));
    this.#client = connecting;
    const forget = () => this.#forget(connecting);
    connecting.then((client) => {
      client.onclose = forget;
    }, forget);
    return connecting;
  }

  #forget(connecting: Promise<Client>): void {
    if (this.#client === connecting) this.#client = undefined;
  }

  #tool({ name, description, inputSchema, outputSchema }: ListedTool): Tool {
    return {
      name: `${this.spec.name}.${name}`,
      alias: name,
      ...(description !== undefined && { description }),
      skill: 'native:tool',
      maxAttempts: 1,
      inputSchema,
      ...(outputSchema !== undefined && { outputSchema }),
      execute: async (input, context) => {
        if (!isObject(input)) throw new StepFailure('TOOL_INPUT', `The MCP tool '${this.spec.name}.${name}' takes an object as its input`);
        return resultOf(await this.#call(name, input, context));
      },
    };
  }

  async #call(name: string, input: JsonObject, { signal, attempt }: ToolContext): Promise<CallToolResult> {
    for (let again = true; ; again = false) {
      const connecting = this.#connected();
      const client = await connecting.catch((error: unknown) => Promise.reject(this.#lost(error, attempt)));
      const call = () => client.callTool({ name, arguments: input }, undefined, { signal, timeout: LONGEST_TIMER_MS });
      try {
        return (await untilLost(call)) as CallToolResult;
      } catch (error) {
        signal.throwIfAborted();
        const state = deliveryOf(error);
        if (state === 'answered') throw error;
        this.#forget(connecting);
        void client.close().catch(() => undefined);
        if (state === 'lost' || !again) throw this.#lost(error, attempt);
      }
    }
  }

  #lost(error: unknown, attempt: number): StepFailure {
    return new StepFailure('TOOL_FAILED', wellFormed(`The MCP server '${this.spec.name}' did not answer: ${textOf(error)}`), {
      retryable: attempt < ATTEMPTS_WHEN_LOST,
      cause: error,
    });
  }
}

async function listTools(client: Client): Promise<ListedTool[]> {
  const tools: ListedTool[] = [];
  if (!client.getServerCapabilities()?.tools) return tools;
  let cursor: string | undefined;
  do {
    const page = await client.listTools({ ...(cursor !== undefined && { cursor }) });
    tools.push(...page.tools);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return tools;
}

/** Structured content when there is some, else the text; content of other types alone is given as it is. */
function resultOf({ content, structuredContent, isError }: CallToolResult): unknown {
  const texts = content.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  const text = texts.join('\n');
  if (isError) throw new Error(text || 'it gave no reason');
  if (structuredContent !== undefined) return structuredContent;
  return texts.length > 0 || content.length === 0 ? text : { content };
}

/**
 * `undelivered`: the server has not begun the call, since it is gone or was started anew and knows no session of ours;
 * `lost`: it may have; `answered`: the error is its answer.
 */
function deliveryOf(error: unknown): 'undelivered' | 'lost' | 'answered' {
  if (error instanceof LostError) return 'lost';
  if (error instanceof McpError) return error.code === (ErrorCode.ConnectionClosed as number) ? 'lost' : 'answered';
  if (error instanceof StreamableHTTPError) {
    if (error.code === 404 || error.code === 400) return 'undelivered';
    return error.code !== undefined && error.code >= 500 ? 'lost' : 'answered';
  }
  if (!(error instanceof Error)) return 'answered';
  if (error.message === 'Not connected') return 'undelivered';
  if (!(error instanceof TypeError)) return 'answered';
  const { cause } = error;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED' ? 'undelivered' : 'lost';
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

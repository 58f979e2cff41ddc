import type { z } from 'zod';
import type { StepContext } from '../kinds/activity.js';

export type ToolContext = StepContext;

/** A tool as its author writes it. `Input` follows from the zod schema; without one a tool takes any JSON. */
export interface ToolOptions<Input extends z.ZodType = z.ZodType<unknown>, Output extends z.ZodType = z.ZodType<unknown>> {
  name: string;
  description?: string;
  input?: Input;
  output?: Output;
  /** The skill whose task queue it runs on. Default `native:tool`. */
  skill?: string;
  /** Seconds for one attempt. Default: none. */
  timeoutSecs?: number;
  /** Attempts in all when it throws. Default 1; throw a `StepFailure` with `retryable` to decide per failure. */
  maxAttempts?: number;
  execute(input: z.infer<Input>, context: ToolContext): Promise<z.input<Output>> | z.input<Output>;
}

/** A checked tool, ready for a worker. */
export interface Tool {
  readonly name: string;
  /** A second, shorter name; it counts only while no other tool of the worker has it. */
  readonly alias?: string;
  readonly description?: string;
  readonly skill: string;
  readonly input?: z.ZodType;
  readonly output?: z.ZodType;
  /** JSON Schemas for the catalogue; of an MCP tool they come from its server. */
  readonly inputSchema?: unknown;
  readonly outputSchema?: unknown;
  readonly timeoutSecs?: number;
  readonly maxAttempts: number;
  execute(input: unknown, context: ToolContext): Promise<unknown>;
}

import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Run } from '../../client/index.js';
import { DistriError, RunFailedError, RunNotFoundError } from '../../definition/errors.js';
import type { TriggerOf } from '../../definition/types.js';
import type { OwnedTrigger } from '../../store/triggers.js';
import type { Routes, ServerDeps } from '../app.js';
import { goneOf } from '../gone.js';
import { errorResponses } from '../problem.js';
import { connectionSecret } from '../triggers/connection-secret.js';
import { runIdOf, startTriggered, type TriggerStarts } from '../triggers/start.js';
import { inputOf, methodsOf, WEBHOOK_METHODS, type WebhookCall } from '../triggers/webhook.js';
import { deliveryId, isProven, refused, slackChallenge } from '../triggers/webhook-auth.js';

export const WEBHOOK_MOUNT = '/v1/workflows/webhook/';

const DEFAULT_BODY_BYTES = 1024 * 1024;
const DEFAULT_SYNC_SECS = 30;
const MOST_SYNC_SECS = 120;

interface Webhook {
  readonly row: OwnedTrigger;
  readonly trigger: TriggerOf<'webhook'>;
}

declare module 'fastify' {
  interface FastifyRequest {
    webhook: Webhook | undefined;
  }
}

const startedSchema = z.object({ run_id: z.string(), status: z.string().optional() }).meta({ id: 'WebhookStarted' });
const answerSchema = z
  .object({ run_id: z.string(), status: z.string(), output: z.unknown().optional(), error: z.string().optional() })
  .meta({ id: 'WebhookAnswer' });
const challengeSchema = z.object({ challenge: z.string().describe('What Slack sent to see who is there') }).meta({ id: 'WebhookChallenge' });

/** Where others deliver what starts runs. Who delivers proves itself by the webhook's own secret. */
export const webhookRoutes: Routes = (app, deps) => {
  app.decorateRequest('webhook', undefined);
  // Signatures are of bytes, whatever they say that they are.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: NodeJS.ReadableStream) => {
    request.rawBody = await read(payload, mostBytes(deps, request));
    return undefined;
  });
  app.route<{ Params: { '*': string } }>({
    method: [...WEBHOOK_METHODS],
    url: `${WEBHOOK_MOUNT}*`,
    exposeHeadRoute: false,
    config: { access: 'public', changes: true },
    schema: {
      tags: ['triggers'],
      summary: 'Starts a run of the workflow whose webhook has this path',
      response: { 200: z.union([answerSchema, challengeSchema]), 202: startedSchema, ...errorResponses },
    },
    preParsing: async (request, reply) => {
      const { store } = deps;
      const path = request.params['*'];
      const row = /[^!-~]/.test(path) ? undefined : await store.triggers.webhookAt(path);
      if (row === undefined) throw new DistriError('NOT_FOUND', 'There is no webhook at this address');
      const trigger = row.config as unknown as TriggerOf<'webhook'>;
      const methods = methodsOf(trigger);
      if (!methods.includes(request.method)) {
        reply.header('allow', methods.join(', '));
        throw new DistriError('METHOD_NOT_ALLOWED', `This webhook takes ${methods.join(', ')}, not ${request.method}`);
      }
      request.webhook = { row, trigger };
      const most = mostBytes(deps, request);
      if (Number(request.headers['content-length'] ?? 0) > most) throw tooLarge(most);
    },
    handler: async (request, reply) => {
      const webhook = request.webhook;
      if (webhook === undefined) throw new Error('A call of a webhook has no webhook');
      const call = callOf(request, webhook.trigger.path);
      const { auth, response } = webhook.trigger;
      await prove(deps, webhook, call);
      const challenge = auth ? slackChallenge(auth, call) : undefined;
      if (challenge !== undefined) return reply.status(200).send({ challenge });
      const run = await startOnce({ ...deps, starter: app.starter }, webhook, call);
      if (response?.type !== 'sync') return reply.status(202).send({ run_id: run.id });
      const secs = Math.min(response.timeout_secs ?? DEFAULT_SYNC_SECS, MOST_SYNC_SECS);
      const end = await endOf(run, AbortSignal.any([AbortSignal.timeout(secs * 1_000), goneOf(reply)]));
      return end === undefined ? reply.status(202).send({ run_id: run.id }) : reply.status(200).send({ run_id: run.id, ...end });
    },
  });
};

function mostBytes({ settings }: ServerDeps, { webhook }: FastifyRequest): number {
  return Math.min(webhook?.trigger.max_body_bytes ?? DEFAULT_BODY_BYTES, settings.maxBodyBytes);
}

function tooLarge(most: number): DistriError {
  return new DistriError('BODY_TOO_LARGE', `The body has more than ${most} bytes`);
}

/** All bytes of a body. Of one that is too large the rest is not kept. Throws `BODY_TOO_LARGE`. */
function read(payload: NodeJS.ReadableStream, most: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const take = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes <= most) return void chunks.push(chunk);
      payload.off('data', take);
      payload.resume();
      reject(tooLarge(most));
    };
    payload.on('data', take);
    payload.once('end', () => resolve(Buffer.concat(chunks)));
    payload.once('error', reject);
  });
}

function callOf(request: FastifyRequest, path: string): WebhookCall {
  const [, query = ''] = /\?(.*)$/s.exec(request.url) ?? [];
  return { method: request.method, path, query, headers: request.headers, body: request.rawBody ?? Buffer.alloc(0) };
}

/** Throws `WEBHOOK_REFUSED`; why is in the log, for its owner. What is wrong with a secret is not for strangers: then `INTERNAL`. */
async function prove({ store, logger }: ServerDeps, { row, trigger: { auth } }: Webhook, call: WebhookCall): Promise<void> {
  if (auth?.type === 'none') return;
  const secret = auth ? await connectionSecret(store.connections, row.owner, auth.connection_id).catch(hidden) : undefined;
  if (auth && secret !== undefined && secret !== '' && isProven(auth, secret, call, Date.now())) return;
  const reason = secret === undefined || secret === '' ? 'its connection has no secret' : 'the signature or token is missing, wrong or too old';
  logger.warn({ trigger_id: row.id, workflow_id: row.workflowId, connection: auth?.connection_id }, `A delivery to a webhook was refused: ${reason}`);
  throw refused();
}

/** For `catch`: a key that is missing or wrong is logged, and told to nobody. */
function hidden(cause: unknown): never {
  if (!(cause instanceof DistriError) || cause.code !== 'BAD_SECRET_KEY') throw cause;
  throw new DistriError('INTERNAL', 'The server cannot look whether the delivery proves where it comes from; its log says why', { cause });
}

/** Starts the run of a call; a delivery whose run was started before has that run, which Temporal may have forgotten. */
async function startOnce(deps: TriggerStarts, { row, trigger }: Webhook, call: WebhookCall): Promise<Run> {
  const { triggers } = deps.store;
  const start = (runId?: string): Promise<Run> => startTriggered(deps, row, (definition) => inputOf(call, trigger, definition), runId);
  const id = deliveryId(trigger, call);
  if (id === undefined) return start();
  const { runId, isStarted } = await triggers.noteDelivery(row.id, id, runIdOf(row, 'delivery', id));
  if (isStarted) return deps.client.getRun(runId);
  // Also when it came before: the run may have been refused then, or the server may have died.
  const run = await start(runId);
  await triggers.noteStart(row.id, id);
  return run;
}

/** How a run ended; undefined when it had not when the signal was aborted, or is forgotten. */
async function endOf(run: Run, signal: AbortSignal): Promise<{ status: string; output?: unknown; error?: string } | undefined> {
  try {
    const { status, output } = await run.result({ signal });
    return { status, output: output ?? null };
  } catch (error) {
    if (error instanceof RunFailedError) return { status: error.snapshot.status, error: error.message };
    if (signal.aborted || error instanceof RunNotFoundError) return undefined;
    throw error;
  }
}

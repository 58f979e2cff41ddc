import { CronError } from '../../definition/cron.js';
import { DistriError, InvalidDefinitionError } from '../../definition/errors.js';
import { parseExpression } from '../../definition/expressions.js';
import { isObject } from '../../definition/json.js';
import { toProblems } from '../../definition/positions.js';
import { Findings } from '../../definition/problems/findings.js';
import { messageOf } from '../../definition/text.js';
import type { TriggerOf, WorkflowDefinition } from '../../definition/types.js';
import { isStorable } from '../../store/storable.js';
import type { TriggerDeps } from './deps.js';
import { plannedTriggers, type PlannedTrigger } from './plan.js';
import { scheduleSettings } from './schedule.js';
import { WEBHOOK_METHODS } from './webhook.js';
import { DELIVERY_ID, schemeProblem } from './webhook-schemes.js';

/** A workflow that is about to be saved. */
export interface Saving {
  readonly definition: WorkflowDefinition;
  readonly owner: string;
  /** Absent for a new one. */
  readonly workflowId?: string;
}

const PATH = /^[A-Za-z0-9._~-]{1,100}(\/[A-Za-z0-9._~-]{1,100}){0,7}$/;
const HEADER = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
const LONGEST_TOPIC = 200;
const MOST_TRIGGERS = 100;
/** In place of the id of a workflow that has none yet. */
const NEW = '00000000-0000-0000-0000-000000000000';

/**
 * Looks whether the triggers of a workflow can be set up, before it is saved.
 * @throws InvalidDefinitionError `BAD_TRIGGER` with every problem
 */
export async function checkTriggers({ client, store }: TriggerDeps, { definition, owner, workflowId = NEW }: Saving): Promise<void> {
  const findings = new Findings();
  const planned = plannedTriggers(workflowId, definition);
  if (planned.length > MOST_TRIGGERS) findings.error('BAD_TRIGGER', ['entry_points'], `There are ${planned.length} triggers: at most ${MOST_TRIGGERS} are allowed`);
  const webhooks = planned.flatMap(({ trigger, path }) => (trigger.type === 'webhook' ? { trigger, path } : []));
  const taken = await store.triggers.takenPaths(webhooks.map(({ trigger }) => trigger.path).filter((path) => PATH.test(path)), workflowId);
  for (const each of planned) {
    const { trigger, path } = each;
    const refuse: Refuse = (field, message, hint) => findings.error('BAD_TRIGGER', [...path, field], message, { hint });
    if (!canBeStored(trigger)) refuse('type', 'A trigger with the character U+0000 or half of a surrogate pair cannot be stored');
    switch (trigger.type) {
      case 'schedule':
        checkSchedule(client, { ...each, trigger }, { definition, owner, workflowId }, refuse);
        break;
      case 'webhook': {
        const isTwice = webhooks.find((other) => other.trigger.path === trigger.path)?.trigger !== trigger;
        checkWebhook(trigger, taken.has(trigger.path) || isTwice, refuse);
        break;
      }
      case 'event':
        checkEvent(trigger, refuse);
        break;
    }
  }
  if (findings.hasErrors) throw new InvalidDefinitionError(toProblems(findings.list));
}

function canBeStored(value: object): boolean {
  let can = true;
  const look = (text: unknown): void => {
    if (typeof text === 'string' && !isStorable(text)) can = false;
  };
  JSON.stringify(value, (key, inner: unknown) => {
    look(key);
    look(inner);
    return inner;
  });
  return can;
}

type Refuse = (field: string, message: string, hint?: string) => void;

function checkSchedule(
  client: TriggerDeps['client'],
  { id, entryPointId, trigger }: PlannedTrigger & { trigger: TriggerOf<'schedule'> },
  { definition, owner, workflowId }: Required<Saving>,
  refuse: Refuse,
): void {
  const { input } = trigger;
  if (input !== undefined && input !== null && !isObject(input)) return refuse('input', 'The input of a schedule must be an object');
  const check = (field: string, work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof CronError || error instanceof DistriError)) throw error;
      refuse(field, error.message);
    }
  };
  const scheduled = { triggerId: id, entryPointId, trigger, workflowId, version: 1, owner };
  check('cron', () => scheduleSettings({ ...scheduled, trigger: { ...trigger, timezone: 'UTC' } }, definition));
  check('timezone', () => scheduleSettings({ ...scheduled, trigger: { ...trigger, cron: '@daily' } }, definition));
  check('input', () => client.schedules.check(scheduleSettings({ ...scheduled, trigger: { ...trigger, cron: '@daily', timezone: 'UTC' } }, definition)));
}

function checkWebhook({ path, methods, auth, delivery_id: deliveryId }: TriggerOf<'webhook'>, isTaken: boolean, refuse: Refuse): void {
  if (!PATH.test(path)) refuse('path', `'${path}' is no path of a webhook: expected up to 8 parts of letters, digits and . _ ~ -, with / between them and none in front`);
  else if (path.split('/').some((part) => part === '.' || part === '..')) refuse('path', `'${path}' can never be delivered to: HTTP clients fold the parts . and .. away`);
  else if (isTaken) refuse('path', `The path '${path}' is taken by another webhook`, 'Choose another path, such as one that begins with your name.');
  for (const method of methods ?? []) {
    if (!WEBHOOK_METHODS.some((known) => known === method.toUpperCase())) refuse('methods', `'${method}' is no method of a webhook: expected ${WEBHOOK_METHODS.join(', ')}`);
  }
  if (methods?.length === 0) refuse('methods', 'A webhook without methods can never be called', 'Leave the field out for POST.');
  if (!auth) return refuse('auth', 'A webhook must say how a delivery proves itself', 'Write {"type": "none"} to let anybody start runs.');
  if (typeof deliveryId === 'string' && !DELIVERY_ID.test(deliveryId)) refuse('delivery_id', `'${deliveryId}' names nothing in a delivery: expected header:NAME or body:PATH, such as header:X-Shopify-Event-Id or body:event.id`);
  if (auth.type === 'hmac_header' || auth.type === 'token_header') {
    const problem = HEADER.test(auth.header) ? schemeProblem(auth) : `'${auth.header}' is no name of a header`;
    if (problem !== undefined) refuse('auth', problem);
  }
  if (auth.type !== 'none' && auth.connection_id === '') refuse('auth', 'connection_id must name the connection that has the secret');
}

function checkEvent({ topic, filter }: TriggerOf<'event'>, refuse: Refuse): void {
  if (topic === '' || topic.length > LONGEST_TOPIC) refuse('topic', `A topic must have 1 to ${LONGEST_TOPIC} characters`);
  if (filter === undefined || filter === null || isObject(filter)) return;
  if (typeof filter !== 'string') return refuse('filter', 'A filter must be an object of dotted paths with the values that they must have, or an expression');
  try {
    parseExpression(filter);
  } catch (error) {
    refuse('filter', messageOf(error));
  }
}

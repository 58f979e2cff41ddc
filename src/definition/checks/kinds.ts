import { kinds } from '../../kinds/index.js';
import type { Kind } from '../../kinds/kind.js';
import { isObject, own, type JsonObject } from '../json.js';
import { referencesIn } from '../references.js';
import { checkApiCall } from './api-call.js';
import { checkDelay } from './delay.js';
import { checkWorkflow } from './workflow.js';
import { isGiven, kindsOf, textOf, type CheckContext, type RawKind, type RawStep } from './document.js';

/** What is checked of each kind beyond its schema, in branches of conditions too. */
export function checkKinds(context: CheckContext): void {
  for (const step of context.steps) {
    for (const kind of kindsOf(step)) {
      switch (textOf(own(kind.raw, 'type'))) {
        case 'api_call':
          checkApiCall(kind, context);
          break;
        case 'script':
          checkCommand(kind, context);
          break;
        case 'reply':
          checkReply(kind, context);
          break;
        case 'delay':
          checkDelay(kind, context);
          break;
        case 'workflow':
          checkWorkflow(kind, context);
          break;
        default:
          break;
      }
      warnWholeContext(step, kind, context);
    }
  }
}

function checkCommand({ raw, path }: RawKind, { findings }: CheckContext): void {
  const command = textOf(own(raw, 'command'));
  const references = command === undefined ? [] : referencesIn(command);
  if (references.length === 0) return;
  const names = references.map((reference) => `{${reference}}`).join(', ');
  findings.warn('SPLICED_COMMAND', [...path, 'command'], `${names} is spliced into the shell text as it is`, {
    hint: 'Pass it in args (as "$1") or env: text from outside could otherwise run as a command.',
  });
}

function checkReply({ raw, path }: RawKind, { findings }: CheckContext): void {
  const [given, missing] = isGiven(raw, 'buttons_from')
    ? ['buttons_from', 'button_template']
    : ['button_template', 'buttons_from'];
  if (!isGiven(raw, given) || isGiven(raw, missing)) return;
  findings.error('BAD_REPLY', [...path, given], `A reply with '${given}' needs '${missing}' too`, {
    hint: 'buttons_from names the list, button_template is the button for each {item}.',
  });
}

function warnWholeContext(step: RawStep, { raw, path }: RawKind, { findings }: CheckContext): void {
  const type = textOf(own(raw, 'type'));
  const kind: Kind | undefined = type === undefined ? undefined : own<Kind>(kinds, type);
  if (kind?.runs !== 'activity' || kind.context === 'never') return;
  if (own(step.raw, 'context') === false || isGiven(step.raw, 'input')) return;
  if (kind.context === 'unless_input' && isFilled(raw)) return;
  findings.warn('WHOLE_CONTEXT', path, 'The step has no input mapping, so it is sent the whole context of the run', {
    hint: 'Give the step an input with what it needs, or context: false to send nothing.',
  });
}

/** Whether the kind has an `input` of its own that says something. */
function isFilled(kind: JsonObject): boolean {
  const input = own(kind, 'input');
  if (input === undefined || input === null) return false;
  return !isObject(input) || Object.keys(input).length > 0;
}

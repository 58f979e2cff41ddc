/** What other tools call fields of ours, by name in lower case without `-` and `_`. */
const COUNTERPARTS: { readonly [name: string]: string } = {
  if: 'skip_if',
  when: 'skip_if',
  unless: 'skip_if',
  condition: 'skip_if',
  runif: 'skip_if',
  needs: 'depends_on',
  depends: 'depends_on',
  dependencies: 'depends_on',
  after: 'depends_on',
  requiresteps: 'depends_on',
  retries: 'retry',
  retrypolicy: 'retry',
  retrystrategy: 'retry',
  attempts: 'max_attempts',
  maxretries: 'max_attempts',
  retrycount: 'max_attempts',
  limit: 'max_attempts',
  timeout: 'timeout_secs',
  timeoutseconds: 'timeout_secs',
  timeoutminutes: 'timeout_secs',
  starttoclosetimeout: 'timeout_secs',
  scheduletostarttimeout: 'queue_timeout_secs',
  withitems: 'for_each',
  withparam: 'for_each',
  loop: 'for_each',
  foreach: 'for_each',
  map: 'for_each',
  matrix: 'for_each',
  continueonerror: 'on_error',
  ignoreerrors: 'on_error',
  allowfailure: 'on_error',
  continueon: 'on_error',
  maxparallel: 'concurrency',
  maxconcurrency: 'concurrency',
  parallelism: 'concurrency',
  with: 'input',
  arguments: 'input',
  inputs: 'input',
  parameters: 'input',
  title: 'label',
  displayname: 'label',
  run: 'command',
  script: 'command',
  uri: 'url',
  endpoint: 'url',
  tool: 'tool_name',
  prompt: 'message',
  outputs: 'output',
  initialinterval: 'initial_interval_secs',
  backoff: 'backoff_coefficient',
  maxinterval: 'max_interval_secs',
};

/** The opposite is meant by these, so that the hint says how to turn the expression round. */
const TURNED: ReadonlySet<string> = new Set(['if', 'when', 'condition', 'runif']);

/** A hint for a field that another tool has under this name, when `known` has its counterpart. */
export function foreignFieldHint(field: string, known: readonly string[]): string | undefined {
  const plain = field.toLowerCase().replaceAll(/[-_]/g, '');
  const counterpart = Object.hasOwn(COUNTERPARTS, plain) ? COUNTERPARTS[plain] : undefined;
  if (counterpart === undefined || !known.includes(counterpart)) return undefined;
  const turned = TURNED.has(plain) ? ', which skips the step when it holds: turn the expression round' : '';
  return `Use '${counterpart}'${turned}.`;
}

import { STATUS_CODES } from 'node:http';
import { isObject, type JsonObject, type JsonValue } from '../definition/json.js';

const METHODS = ['get', 'put', 'post', 'patch', 'delete', 'head', 'options'];
const TAGS: { readonly [tag: string]: string } = {
  workflows: 'Stored workflows, their versions and shares',
  runs: 'Runs: starting, finding, watching and operating them',
  triggers: 'What starts runs: schedules, webhooks, events',
  connections: 'Accounts at services that steps act with',
  tokens: 'API tokens',
  audit: 'Who did what',
  catalogue: 'Skills, tools and step kinds that live workers offer',
  health: 'Whether the server works, and its metrics',
};
const SHARED = '#/components/schemas/__shared#/$defs/';

/** Makes the document that Fastify and zod give one that generators and linters take, and that says what each operation may answer. */
export function finishOpenApi(document: JsonObject): JsonObject {
  const made = cleaned(document) as JsonObject & { paths: JsonObject };
  const components = made['components'] as { schemas: JsonObject };
  const shared = components.schemas['__shared'];
  if (isObject(shared)) for (const [name, schema] of Object.entries(shared['$defs'] as JsonObject)) components.schemas[sharedName(name)] = isAnyJson(schema) ? { description: 'Any JSON value' } : schema;
  delete components.schemas['__shared'];
  const used = new Set<string>();
  made.paths = Object.fromEntries(
    Object.entries(made.paths).map(([path, item]) => {
      for (const method of METHODS) {
        const operation = (item as JsonObject)[method];
        if (isObject(operation)) finishOperation(operation, { path, method, used });
      }
      return [path.replace('{*}', '{path}'), item];
    }),
  );
  const tags = new Set(Object.values(made.paths).flatMap((item) => METHODS.flatMap((method) => tagsOf((item as JsonObject)[method]))));
  components.schemas = needed(components.schemas, made.paths);
  made['tags'] = [...tags].map((name) => ({ name, description: TAGS[name] ?? name }));
  return made;
}

/** Schemas that something refers to: each is written as it is read and as it is answered, and most are only one of the two. */
function needed(schemas: JsonObject, paths: JsonObject): JsonObject {
  const names = new Set<string>();
  const pending: JsonValue[] = [paths];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    for (const [key, member] of Object.entries(next)) {
      const name = key === '$ref' && typeof member === 'string' ? member.replace('#/components/schemas/', '') : undefined;
      if (name === undefined) pending.push(member);
      else if (!names.has(name)) pending.push((names.add(name), schemas[name] ?? null));
    }
  }
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => names.has(name)));
}

function tagsOf(operation: JsonValue | undefined): string[] {
  return isObject(operation) ? ((operation['tags'] as string[] | undefined) ?? []) : [];
}

/** A schema of JSON that names itself for lists and objects: some generators of types cannot say it. */
function isAnyJson(schema: JsonValue): boolean {
  const kinds = isObject(schema) && Array.isArray(schema['anyOf']) ? schema['anyOf'].map((each) => (isObject(each) ? each['type'] : undefined)) : [];
  return ['string', 'number', 'boolean', 'null', 'array', 'object'].every((kind) => kinds.includes(kind));
}

function sharedName(name: string): string {
  return `Shared${name.replace(/^schema/, '')}`;
}

/** Without what forms need of schemas, and with references that lead somewhere. */
function cleaned(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(cleaned);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).flatMap(([key, member]): [string, JsonValue][] => {
    if (key === 'widget' && typeof member === 'string') return [];
    if (key === '$ref' && typeof member === 'string' && member.startsWith(SHARED)) return [[key, `#/components/schemas/${sharedName(member.slice(SHARED.length))}`]];
    return [[key, cleaned(member)]];
  });
  return Object.fromEntries(entries);
}

interface Place {
  readonly path: string;
  readonly method: string;
  readonly used: Set<string>;
}

function finishOperation(operation: JsonObject, { path, method, used }: Place): void {
  const id = operationId(method, path);
  if (used.has(id)) throw new Error(`Two operations are called ${id}`);
  used.add(id);
  operation['operationId'] = id;
  const parameters = (operation['parameters'] ?? []) as JsonObject[];
  for (const parameter of parameters) if (parameter['name'] === '*') parameter['name'] = 'path';
  if (path.includes('{*}') && !parameters.some(({ name }) => name === 'path')) operation['parameters'] = [...parameters, { name: 'path', in: 'path', required: true, schema: { type: 'string' } }];
  const responses = operation['responses'] as JsonObject;
  const problem = responses['4XX'];
  for (const range of ['4XX', '5XX']) delete responses[range];
  if (problem === undefined) return;
  for (const status of errorsOf(operation, method, path)) responses[status] ??= { ...(problem as JsonObject), description: STATUS_CODES[status] ?? 'Error', ...headersOf(status) };
}

/** `POST /v1/runs/{id}/answer` is `postRunsByIdAnswer`. */
function operationId(method: string, path: string): string {
  const words = path.replace(/^\/v1/, '').split('/').filter((word) => word !== '');
  const named = words.map((word) => (word.startsWith('{') ? `By${capital(word === '{*}' ? 'path' : word.slice(1, -1))}` : capital(word)));
  return `${method}${named.join('')}`;
}

function capital(word: string): string {
  return word.replace(/(?:^|[-_.])(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function errorsOf(operation: JsonObject, method: string, path: string): string[] {
  const isOpen = Array.isArray(operation['security']) && operation['security'].length === 0;
  const changes = method !== 'get' && method !== 'head';
  const readsVersion = changes && /^\/v1\/workflows\/\{id\}/.test(path);
  return [
    '400',
    ...(isOpen && !path.includes('webhook') ? [] : ['401', '403']),
    ...(path.includes('{') || changes ? ['404'] : []),
    '405',
    ...(changes ? ['409'] : []),
    ...(readsVersion ? ['412'] : []),
    ...(changes ? ['413', '415', '422'] : []),
    '429',
    '500',
    '503',
  ];
}

function headersOf(status: string): JsonObject {
  if (status !== '429' && status !== '503') return {};
  return { headers: { 'Retry-After': { description: 'Seconds after which to try again', schema: { type: 'integer' } } } };
}

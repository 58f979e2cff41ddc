import { confirm, input, number, select } from '@inquirer/prompts';
import { parseExact } from '../../definition/exact-json.js';
import { dictionary, isObject, type JsonObject, type JsonValue } from '../../definition/json.js';
import { messageOf } from '../../definition/text.js';
import { plain } from '../view/text.js';

/** What the prompts need: an answer that was left out is `undefined`. */
interface Question {
  readonly title: string;
  readonly required: boolean;
  readonly signal: AbortSignal;
}

/**
 * Asks on the terminal for a value by its JSON Schema: yes or no, text, numbers, choices, and objects property by
 * property; anything else as a line of JSON. Rejects with inquirer's ExitPromptError on Ctrl-C and AbortPromptError
 * when `signal` aborts. The value is not validated: who takes the answer does that.
 */
export async function askBySchema(schema: JsonValue | undefined, title: string, signal: AbortSignal): Promise<JsonValue> {
  if (!isObject(schema) || Object.keys(schema).length === 0) return askAnything({ title, required: true, signal });
  return (await askValue(schema, { title, required: true, signal })) ?? null;
}

async function askValue(schema: JsonObject, question: Question): Promise<JsonValue | undefined> {
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum)) return askChoice(schema.enum, schema, question);
  switch (typeOf(schema)) {
    case 'boolean':
      return askBoolean(schema, question);
    case 'string':
      return askText(schema, question);
    case 'number':
    case 'integer':
      return askNumber(schema, question);
    case 'object':
      return isObject(schema.properties) ? askObject(schema, schema.properties, question) : askJson(schema, question);
    default:
      return askJson(schema, question);
  }
}

/** The one type of the schema; null beside another type only says that the value may be left out. */
function typeOf(schema: JsonObject): JsonValue | undefined {
  if (!Array.isArray(schema.type)) return schema.type;
  const types = schema.type.filter((type) => type !== 'null');
  return types.length === 1 ? types[0] : undefined;
}

async function askObject(schema: JsonObject, properties: JsonObject, question: Question): Promise<JsonValue> {
  const required = Array.isArray(schema.required) ? schema.required : [];
  const answer = dictionary<JsonValue>();
  for (const [name, property] of Object.entries(properties)) {
    const title = `${plain(name)}${descriptionOf(property)}`;
    const inner = isObject(property) ? property : {};
    const value = await askValue(inner, { ...question, title, required: required.includes(name) });
    if (value !== undefined) answer[name] = value;
  }
  return answer;
}

function descriptionOf(schema: JsonValue): string {
  return isObject(schema) && typeof schema.description === 'string' ? ` – ${plain(schema.description)}` : '';
}

/** Marks what may be left empty. */
function promptOf(question: Question): string {
  return question.required ? question.title : `${question.title} (optional)`;
}

function contextOf({ signal }: Question): { output: NodeJS.WritableStream; signal: AbortSignal } {
  return { output: process.stderr, signal };
}

async function askChoice(values: JsonValue[], schema: JsonObject, question: Question): Promise<JsonValue | undefined> {
  const name = (value: JsonValue) => plain(typeof value === 'string' ? value : JSON.stringify(value));
  const choices = values.map((value, index) => ({ name: name(value), value: index }));
  if (!question.required) choices.push({ name: '(leave out)', value: -1 });
  const start = values.findIndex((value) => value === schema.default);
  const chosen = await select(
    { message: promptOf(question), choices, ...(start >= 0 && { default: start }) },
    contextOf(question),
  );
  return values[chosen];
}

async function askBoolean(schema: JsonObject, question: Question): Promise<JsonValue | undefined> {
  if (!question.required) return askChoice([true, false], schema, question);
  return confirm({ message: promptOf(question), default: schema.default === true }, contextOf(question));
}

async function askText(schema: JsonObject, question: Question): Promise<JsonValue | undefined> {
  const preset = typeof schema.default === 'string' ? { default: schema.default } : {};
  const text = await input({ message: promptOf(question), ...preset }, contextOf(question));
  return text === '' && !question.required ? undefined : text;
}

async function askNumber(schema: JsonObject, question: Question): Promise<JsonValue | undefined> {
  const { minimum, maximum, default: preset } = schema;
  const validate = (value: number | undefined): string | true => {
    if (value === undefined) return question.required ? 'A number is needed.' : true;
    if (typeof minimum === 'number' && value < minimum) return `It must be at least ${minimum}.`;
    if (typeof maximum === 'number' && value > maximum) return `It must be at most ${maximum}.`;
    return true;
  };
  const settings = {
    message: promptOf(question),
    required: question.required,
    validate,
    step: typeOf(schema) === 'integer' ? 1 : ('any' as const),
    ...(typeof preset === 'number' && { default: preset }),
  };
  return number(settings, contextOf(question));
}

async function askJson(schema: JsonObject, question: Question): Promise<JsonValue | undefined> {
  const preset = schema.default === undefined ? {} : { default: JSON.stringify(schema.default) };
  const validate = (line: string) => (line === '' && !question.required) || jsonProblem(line) === undefined || `This is not JSON: ${jsonProblem(line)}`;
  const line = await input({ message: `${promptOf(question)} (JSON)`, validate, ...preset }, contextOf(question));
  return line === '' ? undefined : parseExact(line).value;
}

/** Without a schema a line is JSON when it parses, else text. */
async function askAnything(question: Question): Promise<JsonValue> {
  const line = await input({ message: `${promptOf(question)} (JSON or text)` }, contextOf(question));
  return jsonProblem(line) === undefined ? parseExact(line).value : line;
}

function jsonProblem(line: string): string | undefined {
  try {
    parseExact(line);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

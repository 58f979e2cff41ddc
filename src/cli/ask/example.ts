import { dictionary, isObject, type JsonValue } from '../../definition/json.js';

/** A value of the schema's shape, for the hint how to answer; it need not satisfy every keyword. */
export function exampleOf(schema: JsonValue | undefined): JsonValue {
  if (!isObject(schema)) return 'your answer';
  if (schema.const !== undefined) return schema.const;
  if (schema.default !== undefined) return schema.default;
  if (Array.isArray(schema.enum) && schema.enum[0] !== undefined) return schema.enum[0];
  if (Array.isArray(schema.examples) && schema.examples[0] !== undefined) return schema.examples[0];
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case 'boolean':
      return true;
    case 'number':
    case 'integer':
      return typeof schema.minimum === 'number' ? schema.minimum : 1;
    case 'array':
      return [];
    case 'object':
      return exampleObject(schema.properties, schema.required);
    case 'null':
      return null;
    default:
      return 'your answer';
  }
}

function exampleObject(properties: JsonValue | undefined, required: JsonValue | undefined): JsonValue {
  const example = dictionary<JsonValue>();
  if (!isObject(properties) || !Array.isArray(required)) return example;
  for (const [name, property] of Object.entries(properties)) {
    if (required.includes(name)) example[name] = exampleOf(property);
  }
  return example;
}

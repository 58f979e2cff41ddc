import { z } from 'zod';

/** Any JSON value: data of the author, never looked into for fields of the format. */
export const jsonValueSchema = z.json().meta({ id: 'JsonValue' });

/** A JSON Schema as far as its type goes; whether it is one is checked apart. */
export const jsonSchemaSchema = z
  .union([z.boolean(), z.record(z.string(), jsonValueSchema)])
  .meta({ id: 'JsonSchema', description: 'A JSON Schema, draft 2020-12 or draft-07' });

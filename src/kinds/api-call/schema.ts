import { z } from 'zod';
import { jsonValueSchema } from '../../definition/json-value.js';

export const apiCallSchema = z.object({
  type: z.literal('api_call'),
  method: z.string().meta({ title: 'Method', examples: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] }),
  url: z.string().meta({ title: 'URL', description: 'http or https; may hold references' }),
  headers: z.record(z.string(), z.string()).nullish().meta({ title: 'Headers' }),
  query: z.record(z.string(), jsonValueSchema).nullish().meta({ title: 'Query', description: 'Parameters added to the URL, always encoded; a list is repeated, null is left out' }),
  body: jsonValueSchema.optional().meta({ title: 'Body', description: 'Sent as JSON unless it is text, a blob, or an object under the content type of a form', widget: 'json' }),
  form: z.record(z.string(), jsonValueSchema).nullish().meta({ title: 'Form', description: 'Sent as application/x-www-form-urlencoded instead of a body' }),
  multipart: z.record(z.string(), jsonValueSchema).nullish().meta({ title: 'Multipart', description: 'Sent as multipart/form-data instead of a body: texts, blobs, or {value, filename, content_type}' }),
  parse: z
    .enum(['auto', 'json', 'text', 'ndjson', 'blob'])
    .nullish()
    .meta({ title: 'Parse', description: 'How the body of the answer is read; auto: by its content type' }),
  ok_statuses: z
    .array(z.union([z.number().int().min(200).max(599), z.string().regex(/^[2-5](xx|\d\d)$/)]))
    .nullish()
    .meta({ title: 'Successes', description: 'Statuses that are a success, such as 404 or "2xx"; default: 2xx' }),
  response_headers: z
    .union([z.boolean(), z.array(z.string())])
    .nullish()
    .meta({ title: 'Headers of the answer', description: 'true, or names: adds headers to the result' }),
});

import { z } from 'zod';
import { agentWrapperSchema, workflowSchema } from './schema.js';

const document = z.union([workflowSchema, agentWrapperSchema]).meta({ title: 'Distri workflow' });

/** The format of workflow documents, wrapped or not, as a JSON Schema (draft 2020-12) for editors. */
export function documentJsonSchema(): object {
  return z.toJSONSchema(document, {
    target: 'draft-2020-12',
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      // Hints for the forms of our own editor; to others they are an unknown keyword.
      delete jsonSchema['widget'];
    },
  });
}

import { z } from 'zod';
import { kinds, type KindName } from '../../kinds/index.js';
import { kindSchemas } from '../../kinds/schemas.js';
import type { Routes } from '../app.js';
import { errorResponses } from '../problem.js';

const skillSchema = z.object({ skill: z.string(), workers: z.array(z.string()) }).meta({ id: 'Skill' });
const toolSchema = z
  .object({
    name: z.string(),
    description: z.string().optional(),
    skill: z.string(),
    hash: z.string().describe('Changes with its schemas'),
    input_schema: z.unknown().optional(),
    output_schema: z.unknown().optional(),
    workers: z.array(z.string()),
  })
  .meta({ id: 'Tool' });

const stepKindSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    runs: z.enum(['activity', 'inline', 'child']).describe('By a worker of its skill, by the engine itself, or as a run of its own'),
    skill: z.string().optional(),
    schema: z.unknown().describe('JSON Schema of its fields'),
  })
  .meta({ id: 'StepKindInfo' });

/** The kinds of steps, as forms need them: with the hints for them in the schemas. */
function stepKinds(): z.infer<typeof stepKindSchema>[] {
  return (Object.keys(kinds) as KindName[]).map((type) => {
    const kind = kinds[type];
    return {
      type,
      title: kind.title,
      runs: kind.runs,
      ...('skill' in kind ? { skill: kind.skill } : {}),
      schema: { ...z.toJSONSchema(kindSchemas[type], { target: 'draft-2020-12', io: 'input', unrepresentable: 'any' }) },
    };
  });
}

/** What live workers offer, and what a step may be. */
export const catalogueRoutes: Routes = (app, { client }) => {
  app.get(
    '/v1/skills',
    { config: { access: 'workflows:read' }, schema: { tags: ['catalogue'], summary: 'Skills that live workers serve', response: { 200: z.object({ skills: z.array(skillSchema) }), ...errorResponses } } },
    async () => ({ skills: await client.skills() }),
  );
  app.get(
    '/v1/tools',
    { config: { access: 'workflows:read' }, schema: { tags: ['catalogue'], summary: 'Tools that live workers have', response: { 200: z.object({ tools: z.array(toolSchema) }), ...errorResponses } } },
    async () => ({ tools: await client.tools() }),
  );
  const known = stepKinds();
  app.get(
    '/v1/step-kinds',
    { config: { access: 'workflows:read' }, schema: { tags: ['catalogue'], summary: 'What a step may be', response: { 200: z.object({ step_kinds: z.array(stepKindSchema) }), ...errorResponses } } },
    async () => ({ step_kinds: known }),
  );
};

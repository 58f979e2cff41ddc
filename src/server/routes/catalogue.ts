import { z } from 'zod';
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
};

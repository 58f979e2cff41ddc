import { z } from 'zod';
import { skillsOf, toolsOf } from '../../client/catalogue.js';
import { kinds, type KindName } from '../../kinds/index.js';
import { kindSchemas } from '../../kinds/schemas.js';
import type { Routes } from '../app.js';
import { identityOf } from '../authentication.js';
import { errorResponses } from '../problem.js';

const workers = z.array(z.string()).optional().describe('The identities of those that have it, for admins');
const skillSchema = z.object({ skill: z.string(), workers }).meta({ id: 'Skill' });
const toolSchema = z
  .object({
    name: z.string(),
    description: z.string().optional(),
    skill: z.string(),
    hash: z.string().describe('Changes with its schemas'),
    input_schema: z.unknown().optional(),
    output_schema: z.unknown().optional(),
    workers,
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

/** The names of machines are for admins. */
function withoutWorkers<T extends { workers: string[] }>({ workers: _, ...offered }: T): Omit<T, 'workers'> {
  return offered;
}

/** What live workers offer, and what a step may be. */
export const catalogueRoutes: Routes = (app, { client, store }) => {
  app.get(
    '/v1/skills',
    { config: { access: 'workflows:read' }, schema: { tags: ['catalogue'], summary: 'Skills that live workers serve: those of connections only if you can use one', response: { 200: z.object({ skills: z.array(skillSchema) }), ...errorResponses } } },
    async (request) => {
      const { user, isAdmin } = identityOf(request);
      if (isAdmin) return { skills: await client.skills() };
      const [workers, connections] = await Promise.all([client.workers(), store.connections.list(user)]);
      // What a worker serves besides may be named like a connection of somebody else.
      const seen = new Set([...toolsOf(workers), ...connections].map(({ skill }) => skill));
      return { skills: skillsOf(workers).filter(({ skill }) => skill.startsWith('native:') || seen.has(skill)).map(withoutWorkers) };
    },
  );
  app.get(
    '/v1/tools',
    { config: { access: 'workflows:read' }, schema: { tags: ['catalogue'], summary: 'Tools that live workers have', response: { 200: z.object({ tools: z.array(toolSchema) }), ...errorResponses } } },
    async (request) => {
      const tools = await client.tools();
      return { tools: identityOf(request).isAdmin ? tools : tools.map(withoutWorkers) };
    },
  );
  const known = stepKinds();
  app.get(
    '/v1/step-kinds',
    { config: { access: 'workflows:read' }, schema: { tags: ['catalogue'], summary: 'What a step may be', response: { 200: z.object({ step_kinds: z.array(stepKindSchema) }), ...errorResponses } } },
    async () => ({ step_kinds: known }),
  );
};

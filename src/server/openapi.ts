import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { JsonObject } from '../definition/json.js';
import type { App, ServerSettings } from './app.js';
import { finishOpenApi } from './openapi-finish.js';

export const DOCS_PREFIX = '/docs';

/** `/openapi.json` (OpenAPI 3.1) from the schemas of the routes, and `/docs` to read it. */
export async function addOpenApi(app: App, { version, publicUrl }: ServerSettings): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'distri-workflow', version, description: 'Keeps, starts, watches and operates Distri workflows.', license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: publicUrl }],
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      security: [{ bearer: [] }],
    },
    transform: (given) => {
      const { schema, url } = jsonSchemaTransform(given);
      const isOpen = given.route.config?.access === 'public';
      return { url, schema: { ...schema, ...(isOpen && { security: [] }) } };
    },
    transformObject: (given) => finishOpenApi(jsonSchemaTransformObject(given) as unknown as JsonObject) as ReturnType<typeof jsonSchemaTransformObject>,
  });
  await app.register(swaggerUi, {
    routePrefix: DOCS_PREFIX,
    staticCSP: true,
    theme: { title: 'distri-workflow API' },
    // Nothing of this server is sent to a validator on the internet.
    uiConfig: { validatorUrl: null },
  });
  app.get('/openapi.json', { schema: { hide: true }, config: { access: 'public' } }, async () => app.swagger());
}

import type { FastifyInstance } from 'fastify';
import type { KnownRoutes } from '../known-routes.ts';

/** GET /: what a person sees who opens the address of the server in a browser. Open. */
export function addRoot(app: FastifyInstance, version: string, routes: KnownRoutes): void {
  app.get('/', { config: { isOpen: true } }, async (request, reply) => {
    const base = `${request.protocol}://${request.host}`;
    const body = {
      name: 'latent-serve',
      version,
      description: 'An OpenAI-compatible server for DeepSeek-V2 models. Point the base_url of a client here:',
      base_url: `${base}/v1`,
      anthropic_base_url: base,
      endpoints: routes.list(),
    };
    return reply.type('application/json; charset=utf-8').send(`${JSON.stringify(body, null, 2)}\n`);
  });
}

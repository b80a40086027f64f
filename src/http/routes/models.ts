import type { FastifyInstance } from 'fastify';
import { modelCard, modelList } from '../../openai/model-card.ts';
import type { RouteContext } from '../generation-route.ts';

/** GET /v1/models and /v1/models/{id}; an id may contain slashes and may be an alias. */
export function addModels(app: FastifyInstance, { registry }: RouteContext): void {
  app.get('/v1/models', () => modelList(registry.models));
  app.get<{ Params: { '*': string } }>('/v1/models/*', (request) => {
    const id = request.params['*'];
    return modelCard(registry.resolve(id), id);
  });
}

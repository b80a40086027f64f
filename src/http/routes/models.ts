import type { FastifyInstance } from 'fastify';
import { modelCard, modelList } from '../../openai/model-card.ts';
import type { RouteContext } from '../generation-route.ts';
import { addEndpoint, pathsOf } from '../inference-route.ts';

/** GET /v1/models and /v1/models/{id}; an id may contain slashes and may be an alias. */
export function addModels(app: FastifyInstance, { registry }: RouteContext): void {
  addEndpoint(app, pathsOf('/v1/models'), { method: 'GET', handler: async () => modelList(registry.models) });
  addEndpoint(app, pathsOf('/v1/models/*'), {
    method: 'GET',
    handler: async (request) => {
      const id = (request.params as { '*': string })['*'];
      return modelCard(registry.resolve(id), id);
    },
  });
}

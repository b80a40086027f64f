import type { FastifyInstance, FastifyRequest } from 'fastify';
import { modelInfo, modelPage } from '../../openai/messages/model-info.ts';
import { modelCard, modelList } from '../../openai/model-card.ts';
import type { RouteContext } from '../generation-route.ts';
import { addEndpoint, type EndpointPaths, pathsOf } from '../inference-route.ts';

const withAnthropic = (path: `/v1/${string}`): EndpointPaths => [...pathsOf(path), `/anthropic${path}`];

/**
 * GET /v1/models and /v1/models/{id}; an id may contain slashes and may be an alias. Anthropic's clients, known by their
 * path or by the header that all of them send, get Anthropic's shape.
 */
export function addModels(app: FastifyInstance, { registry }: RouteContext): void {
  addEndpoint(app, withAnthropic('/v1/models'), {
    method: 'GET',
    handler: async (request) => (isAnthropic(request) ? modelPage(registry.models) : modelList(registry.models)),
  });
  addEndpoint(app, withAnthropic('/v1/models/*'), {
    method: 'GET',
    handler: async (request) => {
      const id = (request.params as { '*': string })['*'];
      const model = registry.resolve(id);
      return isAnthropic(request) ? modelInfo(model, id) : modelCard(model, id);
    },
  });
}

function isAnthropic({ url, headers }: FastifyRequest): boolean {
  return /^\/+anthropic\//.test(url) || headers['anthropic-version'] !== undefined;
}

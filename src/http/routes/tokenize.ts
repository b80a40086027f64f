import type { FastifyInstance } from 'fastify';
import { detokenize, tokenize } from '../../openai/tokenize.ts';
import type { RouteContext } from '../generation-route.ts';

/** POST /tokenize and /detokenize, in vLLM's shapes. */
export function addTokenize(app: FastifyInstance, { registry }: RouteContext): void {
  app.post('/tokenize', (request) => tokenize(request.body, registry));
  app.post('/detokenize', async (request) => detokenize(request.body, registry));
}

import type { FastifyInstance } from 'fastify';
import { detokenize, tokenize } from '../../openai/tokenize.ts';
import type { RouteContext } from '../generation-route.ts';

/** POST /tokenize and /detokenize and GET /tokenizer_info (of the first model), in vLLM's shapes; lm-eval tokenizes with them. */
export function addTokenize(app: FastifyInstance, { registry }: RouteContext): void {
  app.post('/tokenize', (request) => tokenize(request.body, registry));
  app.post('/detokenize', async (request) => detokenize(request.body, registry));
  app.get('/tokenizer_info', async () => registry.resolve(null).text.tokenizerInfo);
}

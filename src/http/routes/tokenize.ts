import type { FastifyInstance } from 'fastify';
import { slicedJson } from '../../openai/sliced-json.ts';
import { detokenize, tokenize } from '../../openai/tokenize.ts';
import type { RouteContext } from '../generation-route.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

/** POST /tokenize and /detokenize and GET /tokenizer_info (of the first model), in vLLM's shapes; lm-eval tokenizes with them. */
export function addTokenize(app: FastifyInstance, { registry }: RouteContext): void {
  app.post('/tokenize', async (request, reply) => {
    const json = await slicedJson(await tokenize(request.body, registry));
    return await reply.type(JSON_TYPE).send(json);
  });
  app.post('/detokenize', async (request, reply) => {
    const json = await slicedJson(await detokenize(request.body, registry));
    return await reply.type(JSON_TYPE).send(json);
  });
  app.get('/tokenizer_info', async () => registry.resolve(null).text.tokenizerInfo);
}

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from '../../errors.ts';
import { countInputTokens, parseResponses, type ResponsesPlan } from '../../openai/responses/parse-responses.ts';
import { responsesAnswer } from '../../openai/responses/responses-answer.ts';
import { ResponsesStreamRenderer } from '../../openai/responses/responses-stream.ts';
import { type GenerationEndpoint, generationHandler, type RouteContext } from '../generation-route.ts';
import { addEndpoint, pathsOf } from '../inference-route.ts';

const MAX_SHOWN_ID = 200;

/** POST /v1/responses and /v1/responses/input_tokens; the endpoints of stored responses say that nothing is stored. */
export function addResponses(app: FastifyInstance, context: RouteContext): void {
  const endpoint: GenerationEndpoint<ResponsesPlan> = {
    plan: parseResponses,
    response: responsesAnswer,
    renderer: (plan) => new ResponsesStreamRenderer(plan),
  };
  addEndpoint(app, pathsOf('/v1/responses'), { method: 'POST', handler: generationHandler(endpoint, context) });
  addEndpoint(app, pathsOf('/v1/responses/input_tokens'), {
    method: 'POST',
    handler: (request) => countInputTokens(request.body, context.registry),
  });
  const stored = { handler: refuseStored };
  addEndpoint(app, pathsOf('/v1/responses/:id'), { method: ['GET', 'DELETE'], ...stored });
  addEndpoint(app, pathsOf('/v1/responses/:id/cancel'), { method: 'POST', ...stored });
  addEndpoint(app, pathsOf('/v1/responses/:id/input_items'), { method: 'GET', ...stored });
}

async function refuseStored(request: FastifyRequest): Promise<never> {
  const { id } = request.params as { readonly id: string };
  const message = `Response with id '${id.slice(0, MAX_SHOWN_ID)}' not found: this server stores no responses.`;
  throw new ApiError(404, 'not_found_error', message, { param: 'id', code: 'response_not_found' });
}

import type { FastifyInstance } from 'fastify';
import { parseChat } from '../../openai/parse-chat.ts';
import { parseCompletion } from '../../openai/parse-completion.ts';
import { countInputTokens, renderChat, renderCompletion } from '../../openai/render.ts';
import type { RouteContext } from '../generation-route.ts';
import { addEndpoint, pathsOf } from '../inference-route.ts';

/** vLLM's POST …/render of both endpoints and llama.cpp's POST /v1/chat/completions/input_tokens: what would run, without running it. */
export function addRender(app: FastifyInstance, { registry }: RouteContext): void {
  addEndpoint(app, pathsOf('/v1/chat/completions/render'), {
    method: 'POST',
    handler: async (request) => renderChat(await parseChat(request.body, registry)),
  });
  addEndpoint(app, pathsOf('/v1/completions/render'), {
    method: 'POST',
    handler: async (request) => renderCompletion(await parseCompletion(request.body, registry)),
  });
  addEndpoint(app, pathsOf('/v1/chat/completions/input_tokens'), {
    method: 'POST',
    handler: async (request) => countInputTokens(await parseChat(request.body, registry)),
  });
}

import type { FastifyInstance } from 'fastify';
import { ApiError } from '../../errors.ts';
import type { KnownRoutes } from '../known-routes.ts';
import { unsupportedEndpoint } from '../unsupported-endpoints.ts';

const OFFERED = '/v1/chat/completions, /v1/completions, /v1/responses and /v1/messages';
const MAX_SHOWN_PATH = 200;

/** 404 with OpenAI's body for unknown paths, which says so where another server has the path; 405 with Allow for known ones. */
export function addNotFoundHandler(app: FastifyInstance, routes: KnownRoutes): void {
  app.setNotFoundHandler((request, reply) => {
    const path = plainPath(request.url);
    const methods = routes.methodsAt(path);
    if (methods.length > 0) {
      const allow = methods.join(', ');
      reply.header('allow', allow);
      const message = `${request.method} is not allowed here; use ${allow}.`;
      throw new ApiError(405, 'invalid_request_error', message, { code: 'method_not_allowed' });
    }
    const where = `${request.method} ${path.slice(0, MAX_SHOWN_PATH)}`;
    const what = unsupportedEndpoint(path);
    if (what !== null) {
      const message = `This server does not offer ${what} (${where}). It generates text: see ${OFFERED}.`;
      throw new ApiError(404, 'not_found_error', message, { code: 'unsupported_endpoint' });
    }
    const hint = /^\/v1\/v1\//.test(path) ? ' The base URL of the client ends in /v1 once too often.' : '';
    throw new ApiError(404, 'not_found_error', `Invalid URL (${where}).${hint}`, { code: 'unknown_url' });
  });
}

/** Without the slashes that the router overlooks, and without the query. */
function plainPath(url: string): string {
  const path = (url.split('?', 1)[0] ?? '').replace(/\/{2,}/g, '/');
  return path === '/' ? path : path.replace(/\/$/, '');
}

import type { FastifyInstance } from 'fastify';
import { ApiError } from '../../errors.ts';

/** 404 with OpenAI's body for unknown paths, 405 with Allow for known ones. Must be added before the routes. */
export function addNotFoundHandler(app: FastifyInstance): void {
  const methodsByUrl = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = methodsByUrl.get(url) ?? new Set();
    for (const each of [method].flat()) methods.add(each);
    methodsByUrl.set(url, methods);
  });

  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    for (const [url, methods] of methodsByUrl) {
      const matches = url.endsWith('*') ? path.startsWith(url.slice(0, -1)) : path === url;
      if (!matches) continue;
      const allow = [...methods].join(', ');
      reply.header('allow', allow);
      const message = `${request.method} is not allowed here; use ${allow}.`;
      throw new ApiError(405, 'invalid_request_error', message, { code: 'method_not_allowed' });
    }
    const where = `${request.method} ${path.slice(0, 200)}`;
    throw new ApiError(404, 'not_found_error', `Invalid URL (${where}).`, { code: 'unknown_url' });
  });
}

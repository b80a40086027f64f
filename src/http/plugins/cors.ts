import type { FastifyInstance } from 'fastify';

/** What scripts may read of an answer besides its body. */
const EXPOSED_HEADERS = 'x-request-id, request-id, openai-processing-ms, retry-after, x-should-retry';
const PREFLIGHT_MAX_AGE_SECONDS = 7200;

/**
 * Lets the pages of these origins call the server from a browser (CORS). Preflights are answered without a key, which
 * they never carry. Pages of other origins get no CORS headers, so that the browser keeps the answer from them.
 * @param allowedOrigins `*` is any; none: no page
 */
export function addCors(app: FastifyInstance, allowedOrigins: readonly string[]): void {
  if (allowedOrigins.length === 0) return;
  const allowsAny = allowedOrigins.includes('*');
  const allowed = new Set(allowedOrigins);
  app.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers;
    if (!allowsAny) reply.header('vary', 'Origin');
    if (origin === undefined || !(allowsAny || allowed.has(origin))) return done();
    reply.header('access-control-allow-origin', allowsAny ? '*' : origin);
    const wanted = request.headers['access-control-request-headers'];
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) {
      reply.header('access-control-expose-headers', EXPOSED_HEADERS);
      return done();
    }
    reply
      .header('access-control-allow-methods', 'GET, HEAD, POST')
      .header('access-control-max-age', PREFLIGHT_MAX_AGE_SECONDS);
    // A `*` would leave Authorization out.
    if (wanted !== undefined) reply.header('access-control-allow-headers', wanted);
    reply.code(204).send();
  });
}

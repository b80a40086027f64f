import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { ApiError } from '../../errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered without an API key: probes, version, metrics. */
    isOpen?: boolean;
  }
}

const digest = (key: string): Buffer => createHash('sha256').update(key).digest();

/** Asks for `Authorization: Bearer KEY` on everything (unknown paths too) but the routes marked open; before the body is read. */
export function addApiKeyGuard(app: FastifyInstance, apiKeys: readonly string[]): void {
  if (apiKeys.length === 0) return;
  const digests = apiKeys.map(digest);
  app.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.config?.isOpen === true) return done();
    const header = request.headers.authorization ?? '';
    const given = digest(/^bearer /i.test(header) ? header.slice('bearer '.length).trim() : '');
    // All keys are compared, and digests of equal length: the time taken tells nothing about them.
    const isKnown = digests.reduce((known, key) => timingSafeEqual(key, given) || known, false);
    if (isKnown) return done();
    reply.header('www-authenticate', 'Bearer');
    const message =
      header === ''
        ? "You didn't provide an API key. Provide it in an Authorization header: Authorization: Bearer YOUR_KEY."
        : 'Incorrect API key provided.';
    done(new ApiError(401, 'authentication_error', message, { code: 'invalid_api_key' }));
  });
}

import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { ApiError } from '../../errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered without an API key: probes, version, metrics. */
    isOpen?: boolean;
  }
  interface FastifyRequest {
    /** Which of the API keys the request came with; null where none is asked for. */
    keyIndex: number | null;
  }
}

const digest = (key: string): Buffer => createHash('sha256').update(key).digest();

/** Asks for `Authorization: Bearer KEY` (or `x-api-key: KEY`, as Anthropic's clients send it) on everything (unknown paths too) but the routes marked open; before the body is read. */
export function addApiKeyGuard(app: FastifyInstance, apiKeys: readonly string[]): void {
  app.decorateRequest('keyIndex', null);
  if (apiKeys.length === 0) return;
  const digests = apiKeys.map(digest);
  app.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.config?.isOpen === true) return done();
    const header = request.headers.authorization ?? '';
    const ownHeader = request.headers['x-api-key'];
    const given = [
      digest(/^bearer /i.test(header) ? header.slice('bearer '.length).trim() : ''),
      digest(typeof ownHeader === 'string' ? ownHeader.trim() : ''),
    ];
    // All keys are compared, and digests of equal length: the time taken tells nothing about them.
    const isEqual = digests.map((key) =>
      given.map((each) => timingSafeEqual(key, each)).reduce((known, each) => known || each, false),
    );
    const keyIndex = isEqual.indexOf(true);
    if (keyIndex >= 0) {
      request.keyIndex = keyIndex;
      return done();
    }
    reply.header('www-authenticate', 'Bearer');
    const message =
      header === '' && ownHeader === undefined
        ? "You didn't provide an API key. Provide it in an Authorization header: Authorization: Bearer YOUR_KEY."
        : 'Incorrect API key provided.';
    done(new ApiError(401, 'authentication_error', message, { code: 'invalid_api_key' }));
  });
}

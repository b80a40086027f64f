import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { ApiError, invalidRequest } from '../../errors.ts';
import { nestsDeeperThan } from '../json-depth.ts';

/** No schema goes as deep, and code that descends into a body may recurse. */
const MAX_DEPTH = 500;
/** Bytes of a body whose handler gets a turn of the event loop of its own, because parsing took one already. */
const LONG_BODY = 1024 * 1024;
const COMPRESSED = 'Send the request body as it is: compressed bodies (Content-Encoding) are not supported.';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Clients that always send a JSON content type may send nothing with it. */
    isBodyOptional?: boolean;
  }
}

/**
 * JSON is the only body there is. Bytes that are not UTF-8 are refused instead of silently replaced; keys that could reach
 * an object's prototype are dropped.
 */
export function addJsonBody(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('remove', 'remove');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') {
      done(new ApiError(415, 'invalid_request_error', COMPRESSED, { code: 'unsupported_media_type' }));
      return;
    }
    if (body.length === 0 && request.routeOptions.config?.isBodyOptional === true) {
      done(null, undefined);
      return;
    }
    if (!isUtf8(body)) {
      done(invalidRequest(null, 'The request body is not valid UTF-8.', 'invalid_utf8'));
      return;
    }
    if (nestsDeeperThan(MAX_DEPTH, body)) {
      done(invalidRequest(null, `The request body is nested more than ${MAX_DEPTH} levels deep.`, 'too_deep'));
      return;
    }
    const isLong = body.length >= LONG_BODY;
    parse(request, body.toString('utf8'), isLong ? (...result) => setImmediate(done, ...result) : done);
  });
}

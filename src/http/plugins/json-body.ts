import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { invalidRequest } from '../../errors.ts';
import { nestsDeeperThan } from '../json-depth.ts';

/** No schema goes as deep, and code that descends into a body may recurse. */
const MAX_DEPTH = 500;

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
    parse(request, body.toString('utf8'), done);
  });
}

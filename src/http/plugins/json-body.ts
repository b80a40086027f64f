import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { invalidRequest } from '../../errors.ts';

/**
 * JSON is the only body there is. Bytes that are not UTF-8 are refused instead of silently replaced; keys that could reach
 * an object's prototype are dropped.
 */
export function addJsonBody(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('remove', 'remove');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (!isUtf8(body)) {
      done(invalidRequest(null, 'The request body is not valid UTF-8.', 'invalid_utf8'));
      return;
    }
    parse(request, body.toString('utf8'), done);
  });
}

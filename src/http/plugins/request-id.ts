import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';

const MAX_LENGTH = 128;

/** The client's x-request-id, reduced to harmless characters, or a new one. */
export function requestIdOf(request: IncomingMessage): string {
  const header = request.headers['x-request-id'];
  const given = typeof header === 'string' ? header.replace(/[^\w.:/+=-]/g, '').slice(0, MAX_LENGTH) : '';
  return given === '' ? `req_${randomUUID().replaceAll('-', '')}` : given;
}

/** The client's x-request-id where it can be part of the id of an answer, as it is; else null. */
export function clientRequestId(request: IncomingMessage): string | null {
  const header = request.headers['x-request-id'];
  return typeof header === 'string' && /^[\w.:-]{1,128}$/.test(header) ? header : null;
}

/** Every answer carries its x-request-id. */
export function addRequestId(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
}

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

/** Every answer carries its x-request-id. */
export function addRequestId(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { HttpMetrics } from '../app-options.ts';
import { CLIENT_CLOSED_STATUS } from '../error-mapping.ts';

/** Told about requests that end without an answer, which Fastify's hooks never see. */
export interface RequestObserver {
  clientGone(request: FastifyRequest, reply: FastifyReply): void;
}

/** Counts and logs every request once, and adds openai-processing-ms to answers that are not streams (streams have the time to their headers there). */
export function addObserver(app: FastifyInstance, metrics: HttpMetrics | undefined): RequestObserver {
  const observe = (request: FastifyRequest, reply: FastifyReply, status: number): void => {
    const handler = request.routeOptions.config?.canonicalUrl ?? request.routeOptions.url ?? 'none';
    const seconds = reply.elapsedTime / 1000;
    metrics?.onHttpRequest({ handler, method: request.method, status, seconds });
    const path = request.url.split('?', 1)[0];
    const line = { method: request.method, path, status, seconds: Number(seconds.toFixed(4)) };
    // Probes come every few seconds and would drown the rest.
    if (request.routeOptions.config?.isOpen === true) request.log.debug(line, 'request');
    else request.log.info(line, 'request');
  };
  app.addHook('onSend', (_request, reply, _payload, done) => {
    reply.header('openai-processing-ms', String(Math.round(reply.elapsedTime)));
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    observe(request, reply, reply.statusCode);
    done();
  });
  return { clientGone: (request, reply) => observe(request, reply, CLIENT_CLOSED_STATUS) };
}

import type { FastifyInstance } from 'fastify';
import type { HttpMetrics } from '../app-options.ts';

/** GET /metrics in Prometheus' text format, open. */
export function addMetrics(app: FastifyInstance, metrics: HttpMetrics): void {
  app.get('/metrics', { config: { isOpen: true } }, async (_request, reply) => {
    const { contentType, body } = await metrics.render();
    return reply.header('content-type', contentType).send(body);
  });
}

import type { FastifyInstance } from 'fastify';
import type { RouteContext } from '../generation-route.ts';

/** GET /load, vLLM's: the number of inference requests that are being answered or wait. Open. */
export function addLoad(app: FastifyInstance, { running }: RouteContext): void {
  app.get('/load', { config: { isOpen: true } }, async () => ({ server_load: running.size }));
}

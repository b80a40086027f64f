import type { FastifyInstance } from 'fastify';

/** GET /version, open. */
export function addVersion(app: FastifyInstance, version: string): void {
  app.get('/version', { config: { isOpen: true } }, async () => ({ version }));
}

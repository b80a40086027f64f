import type { FastifyInstance } from 'fastify';
import type { EngineState } from '../../engine/engine.ts';
import { unavailable } from '../../errors.ts';
import type { RouteContext } from '../generation-route.ts';

const RETRY_SECONDS = 5;

/**
 * GET /health: ready for requests; also under the names that others probe: /v1/health (llama.cpp) and /ping (SageMaker,
 * with POST too). GET /live: worth keeping alive. All are open.
 */
export function addHealth(app: FastifyInstance, { registry }: RouteContext): void {
  const states = (): EngineState[] => registry.models.map((model) => model.engine.state);
  const options = { config: { isOpen: true } };

  const health = async (): Promise<object> => {
    const all = states();
    if (all.includes('failed')) throw failed();
    if (all.includes('draining')) throw unavailable('The server is shutting down.', RETRY_SECONDS);
    if (all.includes('loading')) throw unavailable('The model is still loading.', RETRY_SECONDS);
    return { status: 'ok' };
  };
  app.get('/health', options, health);
  app.get('/v1/health', options, health);
  app.route({ method: ['GET', 'POST'], url: '/ping', ...options, handler: health });
  app.get('/live', options, async () => {
    if (states().includes('failed')) throw failed();
    return { status: 'ok' };
  });
}

function failed() {
  return unavailable('The engine has failed; the server must be restarted.');
}

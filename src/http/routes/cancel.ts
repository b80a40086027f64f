import type { FastifyInstance } from 'fastify';
import { ApiError } from '../../errors.ts';
import type { RouteContext } from '../generation-route.ts';
import { addEndpoint, pathsOf } from '../inference-route.ts';

const MAX_SHOWN_ID = 200;

/**
 * POST /v1/requests/{id}/cancel and DELETE /v1/requests/{id}: ends a running request, found by the id of its answer, its
 * x-request-id or its `request_id`. Requests of other API keys are not found.
 */
export function addCancel(app: FastifyInstance, { running }: RouteContext): void {
  const config = { isBodyOptional: true };
  const cancel = (id: string, keyIndex: number | null): object => {
    if (!running.cancel(id, keyIndex)) {
      const message = `No request ${id.slice(0, MAX_SHOWN_ID)} is running; it may have ended.`;
      throw new ApiError(404, 'not_found_error', message, { param: 'id', code: 'request_not_found' });
    }
    return { id, object: 'request.cancelled', cancelled: true, request_id: id, status: 'cancelled' };
  };
  addEndpoint(app, pathsOf('/v1/requests/:id/cancel'), {
    method: 'POST',
    config,
    handler: async (request) => cancel((request.params as { id: string }).id, request.keyIndex),
  });
  addEndpoint(app, pathsOf('/v1/requests/:id'), {
    method: 'DELETE',
    config,
    handler: async (request) => cancel((request.params as { id: string }).id, request.keyIndex),
  });
}

import type { Socket } from 'node:net';
import type { ConnectionError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { invalidRequest } from '../../errors.ts';
import { hasWatchedRequest } from '../client-watch.ts';
import { errorHeaders, toApiError } from '../error-mapping.ts';

/** Answers an error with the OpenAI body; bugs are logged with their stack. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const apiError = toApiError(error);
  if (apiError !== error && apiError.status >= 500) request.log.error({ err: error }, 'unexpected error');
  reply
    .header('x-request-id', request.id)
    .status(apiError.status)
    .headers(errorHeaders(apiError))
    .send(apiError.toBody());
}

/** All errors of hooks and handlers end in {@link answerError}. */
export function addErrorHandler(app: FastifyInstance): void {
  app.setErrorHandler(answerError);
}

/** Answers what is not even HTTP, or came too slowly; the connection is closed. */
export function answerBrokenRequest(error: ConnectionError, socket: Socket): void {
  // An answer on its way on this connection must not get another one mixed in.
  if (error.code === 'ECONNRESET' || !socket.writable || hasWatchedRequest(socket)) {
    socket.destroy();
    return;
  }
  const [status, message] =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? ['408 Request Timeout', 'The request took too long to arrive.']
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? ['431 Request Header Fields Too Large', 'The request headers are too large.']
        : ['400 Bad Request', 'The request is not valid HTTP.'];
  const body = JSON.stringify(invalidRequest(null, message).toBody());
  const length = Buffer.byteLength(body);
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${body}`,
  );
}

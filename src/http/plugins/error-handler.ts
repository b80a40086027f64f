import type { Socket } from 'node:net';
import type { ConnectionError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { invalidRequest } from '../../errors.ts';
import { messageErrorBody } from '../../openai/messages/message-error.ts';
import { hasWatchedRequest } from '../client-watch.ts';
import { errorHeaders, toApiError } from '../error-mapping.ts';
import { isMessagesUrl } from '../messages-url.ts';

/** How long a client may go on sending a body that has been refused. Milliseconds. */
const LINGER_MS = 2000;

/**
 * Lets the answer to a body that is too large arrive. Closing at once, as Fastify asks with its Connection header, resets
 * the connection while the client is still writing, and a reset discards what the client has not read yet. So the rest
 * is read and dropped (node does, once the answer is out), for a while.
 */
function lingerOverBody(request: FastifyRequest, reply: FastifyReply): void {
  reply.removeHeader('connection');
  const { raw } = request;
  setTimeout(() => {
    if (!raw.complete) raw.socket.destroy();
  }, LINGER_MS).unref();
}

/** Answers an error with the OpenAI body, or Anthropic's on its paths; bugs are logged with their stack. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const apiError = toApiError(error);
  if (apiError.status === 413) lingerOverBody(request, reply);
  if (apiError !== error && apiError.status >= 500) request.log.error({ err: error }, 'unexpected error');
  reply.header('x-request-id', request.id).status(apiError.status).headers(errorHeaders(apiError));
  if (isMessagesUrl(request.url)) reply.header('request-id', request.id).send(messageErrorBody(apiError, request.id));
  else reply.send(apiError.toBody());
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

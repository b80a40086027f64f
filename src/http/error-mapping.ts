import { ApiError, type ApiErrorType, invalidRequest } from '../errors.ts';

/** What a person is told about a bug; the log has the rest. */
const INTERNAL_ERROR = 'The server had an internal error while answering this request. Its log has the details.';

interface FastifyLikeError {
  readonly code?: unknown;
  readonly statusCode?: unknown;
}

/** Any thrown value as the error to answer with; a value that is no known kind of failure becomes a 500 with a fixed sentence. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const { code, statusCode } = (typeof error === 'object' && error !== null ? error : {}) as FastifyLikeError;
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return clientError(413, 'The request body is larger than this server accepts.', 'request_too_large');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return clientError(415, "Send JSON, with the header 'Content-Type: application/json'.", 'unsupported_media_type');
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return invalidRequest(null, 'The request body is not valid JSON.', 'invalid_json');
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return invalidRequest(null, 'The request body is empty; a JSON object is needed.', 'invalid_json');
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return invalidRequest(null, 'The request body is not as long as its Content-Length says.');
    case 'FST_ERR_BAD_URL':
      return invalidRequest(null, 'The URL is not validly encoded.');
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return clientError(414, 'The URL is too long.', null);
  }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return clientError(statusCode, 'The request could not be read.', null);
  }
  return new ApiError(500, 'server_error', INTERNAL_ERROR, { code: 'internal_error' });
}

function clientError(status: number, message: string, code: string | null): ApiError {
  const type: ApiErrorType = status === 404 ? 'not_found_error' : 'invalid_request_error';
  return new ApiError(status, type, message, { code });
}

/** The status of a request that its client has given up, as nginx has it; no client library tries it again. */
export const CLIENT_CLOSED_STATUS = 499;

/** What a request is answered with that POST /v1/requests/{id}/cancel has ended. */
export function requestCancelled(): ApiError {
  return new ApiError(CLIENT_CLOSED_STATUS, 'invalid_request_error', 'The request was cancelled.', {
    code: 'request_cancelled',
  });
}

/** Headers that tell a client whether to try again (openai-node obeys x-should-retry, then retry-after). */
export function errorHeaders(error: ApiError): Record<string, string> {
  if (error.retryAfterSeconds !== undefined) {
    return { 'retry-after': String(Math.max(1, Math.ceil(error.retryAfterSeconds))), 'x-should-retry': 'true' };
  }
  return error.status >= CLIENT_CLOSED_STATUS ? { 'x-should-retry': 'false' } : {};
}

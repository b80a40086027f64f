import type { ApiError } from '../../errors.ts';

/** Anthropic's error body. */
export interface MessageErrorBody {
  readonly type: 'error';
  readonly error: {
    readonly type: string;
    readonly message: string;
    /** Where its SDKs look for a machine-readable code. */
    readonly details?: { readonly error_code: string };
  };
  readonly request_id?: string;
}

/** Statuses whose type says more than the class of the status. */
const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
};

/** An error in Anthropic's words (its API reference, "Errors"); the field at fault is named in the message. */
export function messageErrorBody(error: ApiError, requestId?: string): MessageErrorBody {
  const type = TYPES[error.status] ?? (error.status >= 500 ? 'api_error' : 'invalid_request_error');
  return {
    type: 'error',
    error: {
      type,
      message: error.message,
      ...(error.code === null ? {} : { details: { error_code: error.code } }),
    },
    ...(requestId === undefined ? {} : { request_id: requestId }),
  };
}

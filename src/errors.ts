/**
 * The two kinds of failure, never mixed: errors that a person can act on (coded, shown as they are)
 * and broken invariants (bugs, logged with a stack and answered with a fixed sentence).
 */

export type ApiErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'not_found_error'
  | 'rate_limit_error'
  | 'service_unavailable_error'
  | 'server_error';

/** The body of every error answer; `param` and `code` are always present (OpenAI's `Error` schema requires all four). */
export interface ApiErrorBody {
  readonly error: { message: string; type: ApiErrorType; param: string | null; code: string | null };
}

export interface ApiErrorOptions {
  /** The request field at fault, as a path: `messages.0.role`. Defaults to null. */
  readonly param?: string | null;
  /** OpenAI's machine-readable code. Defaults to null. */
  readonly code?: string | null;
  /** Seconds for the Retry-After header; its absence on a 5xx means that retrying is hopeless. */
  readonly retryAfterSeconds?: number;
}

/** An error that is answered over HTTP as it stands. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly type: ApiErrorType;
  readonly param: string | null;
  readonly code: string | null;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, type: ApiErrorType, message: string, options: ApiErrorOptions = {}) {
    super(message);
    this.status = status;
    this.type = type;
    this.param = options.param ?? null;
    this.code = options.code ?? null;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  toBody(): ApiErrorBody {
    return { error: { message: this.message, type: this.type, param: this.param, code: this.code } };
  }
}

/** 400 for a field of the request: `param` names it. */
export function invalidRequest(param: string | null, message: string, code: string | null = null): ApiError {
  return new ApiError(400, 'invalid_request_error', message, { param, code });
}

/** 404 in OpenAI's words and code. */
export function modelNotFound(model: string): ApiError {
  return new ApiError(404, 'not_found_error', `The model \`${model}\` does not exist.`, {
    param: 'model',
    code: 'model_not_found',
  });
}

/** 400 whose wording LangChain recognises ("maximum context length" in JavaScript, "prompt is too long" in Python). Lengths in tokens. */
export function contextLengthExceeded(maxModelLen: number, promptTokens: number, param: string): ApiError {
  return invalidRequest(
    param,
    `This model's maximum context length is ${maxModelLen} tokens. However, you requested a prompt of ${promptTokens} tokens: the prompt is too long and leaves no room for the answer. Please reduce the length of the prompt.`,
    'context_length_exceeded',
  );
}

/** 429: the waiting queue is full. */
export function queueFull(retryAfterSeconds: number): ApiError {
  return new ApiError(429, 'rate_limit_error', 'The server is busy: its request queue is full. Try again shortly.', {
    code: 'rate_limit_exceeded',
    retryAfterSeconds,
  });
}

/** 503: loading, draining, failed, or waited too long in the queue. Without `retryAfterSeconds` a retry is hopeless. */
export function unavailable(message: string, retryAfterSeconds?: number): ApiError {
  return new ApiError(503, 'service_unavailable_error', message, {
    code: 'server_unavailable',
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

/** A checkpoint that cannot be served: permanent, names the file. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
  readonly file: string;
  constructor(file: string, reason: string) {
    super(`${file}: ${reason}`);
    this.file = file;
  }
}

/** A flag, environment variable or configuration file that cannot be used: names the setting. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** A bug in this program, not a mistake of its user. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Throws {@link InvariantError} when `condition` is false. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

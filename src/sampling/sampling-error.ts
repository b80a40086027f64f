import { ApiError } from '../errors.ts';

/**
 * No token can be chosen from a row of logits: it holds NaN or +Infinity, or nothing is left to choose from.
 * It concerns one sequence; the others of the step go on.
 */
export class SamplingError extends ApiError {
  constructor(reason: string) {
    super(500, 'server_error', `No token could be sampled: ${reason}.`, { code: 'invalid_logits' });
  }
}

/** Every token is masked or -Infinity. With masks of the request's own it is the request that allows nothing. */
export class NoTokenLeftError extends SamplingError {
  constructor() {
    super('every token is excluded');
  }
}

/** A logit is NaN or +Infinity. Whatever token of the sequence it came from, no other sequence is touched by it. */
export class LogitsNotFiniteError extends SamplingError {
  constructor() {
    super(
      'the logits hold a value that is not a finite number, as a weight or an activation beyond the range of its element type leaves behind (float16 ends at 65504)',
    );
  }
}

import type { OpenAI } from 'openai';
import { expectTypeOf, it } from 'vitest';
import type { LifecycleEvent, OutputEvent } from '../../../src/openai/responses/response-event.ts';
import type { OutputItem, ResponseObject, ResponseUsage } from '../../../src/openai/responses/response-object.ts';

type Mutable<T> = T extends readonly (infer Element)[]
  ? Mutable<Element>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Mutable<T[Key]> }
    : T;

/** The types of the official SDK come from OpenAI's specification; it adds output_text itself. */
type Specified = Omit<OpenAI.Responses.Response, 'output_text'>;

// Checked by tsc: npm test runs it before the tests.
it('what is answered has the types of the openai package', () => {
  expectTypeOf<Mutable<OutputItem>>().toExtend<OpenAI.Responses.ResponseOutputItem>();
  expectTypeOf<Mutable<ResponseUsage>>().toExtend<OpenAI.Responses.ResponseUsage>();
  // OpenAI's service answers null for members that its specification only allows to be absent.
  type Nullable = 'usage' | 'user' | 'conversation';
  expectTypeOf<Omit<Mutable<ResponseObject>, Nullable | 'timings'>>().toExtend<Omit<Specified, Nullable>>();
  expectTypeOf<Mutable<OutputEvent> & { sequence_number: number }>().toExtend<OpenAI.Responses.ResponseStreamEvent>();
  expectTypeOf<LifecycleEvent['type']>().toExtend<OpenAI.Responses.ResponseStreamEvent['type']>();
});

import type {
  OutputItem,
  OutputLogprob,
  OutputTextPart,
  ReasoningTextPart,
  ResponseObject,
} from './response-object.ts';

interface OfItem {
  readonly item_id: string;
  readonly output_index: number;
}

interface OfPart extends OfItem {
  readonly content_index: number;
}

/** What happens to the whole response. */
export interface LifecycleEvent {
  readonly type:
    | 'response.created'
    | 'response.in_progress'
    | 'response.completed'
    | 'response.incomplete'
    | 'response.failed';
  readonly response: ResponseObject;
}

/** What happens to an item of its output. */
export type OutputEvent =
  | {
      readonly type: 'response.output_item.added' | 'response.output_item.done';
      readonly output_index: number;
      readonly item: OutputItem;
    }
  | (OfPart & {
      readonly type: 'response.content_part.added' | 'response.content_part.done';
      readonly part: OutputTextPart | ReasoningTextPart;
    })
  | (OfPart & {
      readonly type: 'response.output_text.delta';
      readonly delta: string;
      readonly logprobs: readonly OutputLogprob[];
    })
  | (OfPart & {
      readonly type: 'response.output_text.done';
      readonly text: string;
      readonly logprobs: readonly OutputLogprob[];
    })
  | (OfPart & { readonly type: 'response.reasoning_text.delta'; readonly delta: string })
  | (OfPart & { readonly type: 'response.reasoning_text.done'; readonly text: string })
  | (OfItem & { readonly type: 'response.function_call_arguments.delta'; readonly delta: string })
  | (OfItem & {
      readonly type: 'response.function_call_arguments.done';
      readonly name: string;
      readonly arguments: string;
    });

/**
 * A failure after the headers are out. OpenAI's specification has its members at the top; its SDKs raise an error only
 * for a member `error`, which its own service sends.
 */
export interface ErrorEvent {
  readonly type: 'error';
  readonly code: string | null;
  readonly message: string;
  readonly param: string | null;
  readonly error: {
    readonly type: string;
    readonly code: string | null;
    readonly message: string;
    readonly param: string | null;
  };
}

/** An event of a stream before it gets its `sequence_number`. */
export type ResponseEvent = LifecycleEvent | OutputEvent | ErrorEvent;

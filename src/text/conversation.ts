/** A call of a tool in the history. */
export interface ChatToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text, as the model wrote it. */
  readonly arguments: string;
}

/** One turn of a conversation; contents are plain text. `name` tells speakers of one role apart, where the template prints it. */
export type ChatTurn =
  | { readonly role: 'system' | 'user'; readonly content: string; readonly name?: string }
  | {
      readonly role: 'assistant';
      readonly content: string;
      readonly name?: string;
      readonly toolCalls?: readonly ChatToolCall[];
    }
  /** The result of the call with this id. */
  | { readonly role: 'tool'; readonly content: string; readonly toolCallId: string };

/** A function that the model may call. */
export interface ToolDefinition {
  readonly name: string;
  readonly description: string | null;
  /** JSON Schema of the arguments object; null: any object. */
  readonly parameters: Readonly<Record<string, unknown>> | null;
  /** Whether calls must validate even where the model chooses freely. */
  readonly strict: boolean;
}

/**
 * How a model writes its calls: with DeepSeek's marks (V2.5), or as JSON objects `{"name": …, "arguments": {…}}`
 * (V2 and V2-Lite, whose template knows no tools).
 */
export type ToolFormat = 'deepseek' | 'json';

/** Name, description and parameters of a tool, as both formats show it to the model. */
export function describeTool({ name, description, parameters }: ToolDefinition): object {
  return {
    name,
    ...(description === null ? {} : { description }),
    parameters: parameters ?? { type: 'object', properties: {} },
  };
}

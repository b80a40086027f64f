import type { ToolFormat } from './conversation.ts';
import type { ToolWriter } from './lay-out-chat.ts';

/** How a model writes its calls: as its template does in the history, by marks, else as JSON. */
export function toolFormatOf(template: string | null): ToolFormat {
  return template?.includes('tool▁call') ? 'deepseek' : 'json';
}

/** Who writes tools into the prompt: a template that asks for the variable `tools` does it itself. */
export function toolWriterOf(template: string | null, format: ToolFormat): ToolWriter {
  return template !== null && /\btools\b/.test(template) ? 'template' : format;
}

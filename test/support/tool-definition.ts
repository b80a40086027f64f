import type { ToolDefinition } from '../../src/text/conversation.ts';

/** A tool that a request defines by its name alone, or with what `extra` says. */
export function toolDefinition(name: string, extra: Partial<ToolDefinition> = {}): ToolDefinition {
  return { name, description: null, parameters: null, strict: false, ...extra };
}

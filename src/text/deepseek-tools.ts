import { type ChatMessage, type ContentPiece, toMessage } from './chat-message.ts';
import { type ChatToolCall, type ChatTurn, describeTool, type ToolDefinition } from './conversation.ts';
import {
  TOOL_CALL_BEGIN,
  TOOL_CALL_END,
  TOOL_CALLS_BEGIN,
  TOOL_CALLS_END,
  TOOL_OUTPUT_BEGIN,
  TOOL_OUTPUT_END,
  TOOL_OUTPUTS_BEGIN,
  TOOL_OUTPUTS_END,
  TOOL_SEP,
} from './tool-marks.ts';

/** The part of the system prompt that offers tools, in the words of DeepSeek-V2.5's model card. */
export function describeDeepseekTools(tools: readonly ToolDefinition[]): string {
  const entries = tools.map(
    (tool) => `- \`${tool.name}\`:\n\`\`\`json\n${JSON.stringify(describeTool(tool), null, 4)}\n\`\`\``,
  );
  return `## Tools\n\n### Function\n\nYou have the following functions available:\n\n${entries.join('\n\n')}`;
}

const mark = (text: string): ContentPiece => ({ mark: text });

function callPieces(calls: readonly ChatToolCall[]): ContentPiece[] {
  const pieces: ContentPiece[] = [mark(TOOL_CALLS_BEGIN)];
  for (const [index, call] of calls.entries()) {
    const args = call.arguments.trim() === '' ? '{}' : call.arguments;
    pieces.push(
      ...(index > 0 ? ['\n'] : []),
      mark(`${TOOL_CALL_BEGIN}function${TOOL_SEP}`),
      `${call.name}\n\`\`\`json\n${args}\n\`\`\``,
      mark(TOOL_CALL_END),
    );
  }
  pieces.push(mark(TOOL_CALLS_END));
  return pieces;
}

/**
 * DeepSeek-V2.5's rounds: calls, the end of the turn, the outputs, and then, without a new mark of who speaks, what the
 * assistant made of them. To the template all of that is one message of the assistant's: it would not close a single
 * call, and would lose calls beside text. `isOpen`: the outputs of the last round wait for the assistant to go on.
 */
export function layOutDeepseekTools(
  turns: readonly ChatTurn[],
  eosToken: string,
): { messages: ChatMessage[]; isOpen: boolean } {
  const messages: ChatMessage[] = [];
  let round: { readonly message: ChatMessage; readonly pieces: ContentPiece[]; hasOutputs: boolean } | null = null;
  const close = (): void => {
    if (round === null) return;
    if (round.hasOutputs) round.pieces.push(mark(TOOL_OUTPUTS_END));
    messages.push({ ...round.message, content: round.pieces });
    round = null;
  };
  for (const turn of turns) {
    if (turn.role === 'tool') {
      round ??= { message: { role: 'assistant' }, pieces: [], hasOutputs: false };
      if (round.hasOutputs) round.pieces.push('\n');
      else round.pieces.push(...(round.pieces.length > 0 ? [mark(eosToken)] : []), mark(TOOL_OUTPUTS_BEGIN));
      round.pieces.push(mark(TOOL_OUTPUT_BEGIN), turn.content, mark(TOOL_OUTPUT_END));
      round.hasOutputs = true;
      continue;
    }
    const calls = turn.role === 'assistant' ? (turn.toolCalls ?? []) : [];
    if (turn.role === 'assistant' && round?.hasOutputs) {
      round.pieces.push(mark(TOOL_OUTPUTS_END));
      round.hasOutputs = false;
    } else {
      close();
      if (calls.length === 0) {
        messages.push(toMessage(turn));
        continue;
      }
      round = { message: toMessage(turn), pieces: [], hasOutputs: false };
    }
    if (turn.content !== '') round.pieces.push(turn.content);
    if (calls.length > 0) round.pieces.push(...callPieces(calls));
    else close();
  }
  const isOpen = round?.hasOutputs === true;
  close();
  return { messages, isOpen };
}

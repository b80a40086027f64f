/** The tokens that DeepSeek-V2.5 writes tool calls with, and the form of what stands between them. */
export const TOOL_CALLS_BEGIN = '<｜tool▁calls▁begin｜>';
export const TOOL_CALLS_END = '<｜tool▁calls▁end｜>';
export const TOOL_CALL_BEGIN = '<｜tool▁call▁begin｜>';
export const TOOL_CALL_END = '<｜tool▁call▁end｜>';
export const TOOL_SEP = '<｜tool▁sep｜>';
export const TOOL_OUTPUTS_BEGIN = '<｜tool▁outputs▁begin｜>';
export const TOOL_OUTPUTS_END = '<｜tool▁outputs▁end｜>';
export const TOOL_OUTPUT_BEGIN = '<｜tool▁output▁begin｜>';
export const TOOL_OUTPUT_END = '<｜tool▁output▁end｜>';

/** Those that an answer can contain. */
export const ANSWER_MARKS: readonly string[] = [
  TOOL_CALLS_BEGIN,
  TOOL_CALLS_END,
  TOOL_CALL_BEGIN,
  TOOL_CALL_END,
  TOOL_SEP,
];

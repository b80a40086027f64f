import { THINK_BEGIN, THINK_END } from '../text/reasoning.ts';
import { ANSWER_MARKS } from '../text/tool-marks.ts';
import type { AnswerStyle } from './answer-reader.ts';
import type { TextCodec } from './served-model.ts';

/** Special tokens that the answer is taken apart by: they must reach its text even where special tokens are left out. */
export function shownSpecialTokens(style: AnswerStyle, text: TextCodec): readonly number[] {
  const marks = [
    ...(style.hasTools && style.toolFormat === 'deepseek' ? ANSWER_MARKS : []),
    ...(style.reasoning === null ? [] : [THINK_BEGIN, THINK_END]),
  ];
  return marks.flatMap((mark) => text.addedTokenId(mark) ?? []).filter((id) => text.isSpecial(id));
}

import type { ChoiceOutcome } from '../choice-outcome.ts';
import type { GenerationPlan } from '../generation-plan.ts';

type TextPlan = Pick<GenerationPlan, 'text' | 'skipSpecialTokens' | 'requests'>;

/** Tells whether the text of an answer shows a token: special ones only where they were asked for, or mark calls. */
export function shownTokens({ text, skipSpecialTokens, requests }: TextPlan): (tokenId: number) => boolean {
  const marks = new Set(requests[0]?.shownSpecialTokenIds);
  return (tokenId) => !skipSpecialTokens || marks.has(tokenId) || !text.isSpecial(tokenId);
}

/**
 * The text of an outcome cut where its tokens end, one piece per token (empty while a character is incomplete). The
 * text lacks the space before an answer and what a stop string took off its end; the pieces together are exactly it.
 */
export function tokenPieces(plan: TextPlan, { text, tokenIds }: Pick<ChoiceOutcome, 'text' | 'tokenIds'>): string[] {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const isShown = shownTokens(plan);
  const spellings = tokenIds.map((id) =>
    isShown(id) ? decoder.decode(plan.text.tokenBytes(id), { stream: true }) : '',
  );
  let at = -Math.max(spellings.join('').indexOf(text), 0);
  let from = 0;
  return spellings.map((spelling, index) => {
    at += spelling.length;
    const end = index === spellings.length - 1 ? text.length : Math.min(Math.max(at, from), text.length);
    const piece = text.slice(from, end);
    from = end;
    return piece;
  });
}

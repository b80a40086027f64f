import { type Expr, seq, text } from './expr.ts';

/** A token that is not text: it is matched as a whole in prompts and has a meaning of its own. */
export interface SpecialToken {
  readonly id: number;
  readonly text: string;
}

/** Makes literals of texts: special tokens in them become those tokens, the longest first. */
export function literalsWith(specialTokens: readonly SpecialToken[]): (value: string) => Expr {
  const byText = new Map(specialTokens.map(({ id, text: spelling }) => [spelling, id] as const));
  const texts = [...byText.keys()].filter((spelling) => spelling !== '').sort((a, b) => b.length - a.length);
  if (texts.length === 0) return text;
  const pattern = new RegExp(`(${texts.map(escapeRegex).join('|')})`);
  return (value) => {
    const pieces = value.split(pattern).filter((piece) => piece !== '');
    const items = pieces.map((piece): Expr => {
      const tokenId = byText.get(piece);
      return tokenId === undefined ? text(piece) : { kind: 'token', tokenId };
    });
    return items.length === 1 ? items[0]! : seq(...items);
  };
}

function escapeRegex(value: string): string {
  return value.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

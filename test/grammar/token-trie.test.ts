import fc from 'fast-check';
import { expect, it } from 'vitest';
import { buildTokenTrie, packVocabulary } from '../../src/grammar/token-trie.ts';

it('every token lies at the end of the path that it spells', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 5, max: 3 }), { maxLength: 60 }), (spellings) => {
      const trie = buildTokenTrie(packVocabulary(spellings.length, (id) => spellings[id]!));
      const found: (readonly [number, string])[] = [];
      const visit = (node: number, path: readonly number[]): void => {
        for (let id = trie.tokens[node]!; id >= 0; id = trie.twins[id]!) found.push([id, path.join()]);
        let previous = -1;
        for (let child = node + 1; child < trie.ends[node]!; child = trie.ends[child]!) {
          expect(trie.bytes[child]!).toBeGreaterThan(previous);
          previous = trie.bytes[child]!;
          visit(child, [...path, previous]);
        }
      };
      visit(0, []);
      const expected = spellings.flatMap((bytes, id) =>
        bytes.length === 0 ? [] : [[id, Array.from(bytes).join()] as const],
      );
      expect(found.sort(([a], [b]) => a - b)).toEqual(expected);
      expect(trie.ends[0]).toBe(trie.bytes.length);
    }),
  );
});

/** Tokens by their bytes, as a trie laid out in depth-first order; shared between threads. Node 0 is the root. */
export interface TokenTrieData {
  /** Byte that leads to the node. */
  readonly bytes: Uint8Array; // [nodes]
  /** First node after the subtree. */
  readonly ends: Int32Array; // [nodes]
  /** A token that ends at the node, or -1. */
  readonly tokens: Int32Array; // [nodes]
  /** Another token that spells the same bytes, or -1. */
  readonly twins: Int32Array; // [vocabSize]
  /** Start of each token's bytes in `spellings`. */
  readonly offsets: Int32Array; // [vocabSize + 1]
  readonly spellings: Uint8Array;
}

/** The bytes of all tokens, one after the other; tokens that are not text spell nothing. */
export interface Vocabulary {
  readonly offsets: Int32Array; // [vocabSize + 1]
  readonly spellings: Uint8Array;
}

/** Arrays over shared memory, so that both threads use one copy. */
export function packVocabulary(vocabSize: number, bytesOf: (tokenId: number) => Uint8Array): Vocabulary {
  const offsets = new Int32Array(new SharedArrayBuffer((vocabSize + 1) * 4));
  for (let id = 0; id < vocabSize; id++) offsets[id + 1] = offsets[id]! + bytesOf(id).length;
  const spellings = new Uint8Array(new SharedArrayBuffer(offsets[vocabSize]!));
  for (let id = 0; id < vocabSize; id++) spellings.set(bytesOf(id), offsets[id]!);
  return { offsets, spellings };
}

/** Builds the trie; about a microsecond a token. */
export function buildTokenTrie({ offsets, spellings }: Vocabulary): TokenTrieData {
  const vocabSize = offsets.length - 1;
  const sorted = sortBySpelling(offsets, spellings);
  const capacity = spellings.length + 1;
  const bytes = new Uint8Array(capacity);
  const ends = new Int32Array(capacity);
  const tokens = new Int32Array(capacity).fill(-1);
  const twins = new Int32Array(new SharedArrayBuffer(vocabSize * 4)).fill(-1);
  const path = [0];
  let numNodes = 1;
  let previous = -1;
  for (const id of sorted) {
    const start = offsets[id]!;
    const length = offsets[id + 1]! - start;
    const shared =
      previous < 0 ? 0 : sharedLength(spellings, offsets[previous]!, start, Math.min(path.length - 1, length));
    while (path.length - 1 > shared) ends[path.pop()!] = numNodes;
    for (let depth = shared; depth < length; depth++) {
      bytes[numNodes] = spellings[start + depth]!;
      path.push(numNodes++);
    }
    const node = path.at(-1)!;
    twins[id] = tokens[node]!;
    tokens[node] = id;
    previous = id;
  }
  for (const node of path) ends[node] = numNodes;
  return {
    bytes: toShared(bytes.subarray(0, numNodes), Uint8Array),
    ends: toShared(ends.subarray(0, numNodes), Int32Array),
    tokens: toShared(tokens.subarray(0, numNodes), Int32Array),
    twins,
    offsets,
    spellings,
  };
}

function sortBySpelling(offsets: Int32Array, spellings: Uint8Array): number[] {
  const bytes = Buffer.from(spellings.buffer, spellings.byteOffset, spellings.length);
  const keys: string[] = [];
  const ids: number[] = [];
  for (let id = 0; id < offsets.length - 1; id++) {
    const [start, end] = [offsets[id]!, offsets[id + 1]!];
    if (start < end) ids.push(id);
    // One character per byte: strings compare faster than buffers.
    keys.push(bytes.toString('latin1', start, end));
  }
  return ids.sort((a, b) => (keys[a]! < keys[b]! ? -1 : keys[a]! > keys[b]! ? 1 : a - b));
}

function sharedLength(spellings: Uint8Array, a: number, b: number, most: number): number {
  let length = 0;
  while (length < most && spellings[a + length] === spellings[b + length]) length++;
  return length;
}

function toShared<T extends Uint8Array | Int32Array>(
  values: T,
  Type: { new (buffer: SharedArrayBuffer): T; readonly BYTES_PER_ELEMENT: number },
): T {
  const shared = new Type(new SharedArrayBuffer(values.length * Type.BYTES_PER_ELEMENT));
  shared.set(values);
  return shared;
}

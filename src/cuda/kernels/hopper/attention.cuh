// Paged MLA attention on Hopper for DeepSeek-V2's sizes: latents of 512 + 64 values, pages of 64 tokens, 16-bit elements,
// a number of heads that 16 divides. Shared by attention-decode.cu and attention-rows64.cu.
//
// absorbed   [heads, T, 512], the queries' other parts times W_UK; rotary [T, heads, 64], their rotated parts
// pool       [pages, 64, 576], through a tensor map of boxes of 64 tokens x 64 values in 128-byte swizzle
//            Fp8, Int8: rows of 656 bytes (portable/latent-codes.cuh), as they are
// blockTable [S, maxBlocks]; lengths [S], cached tokens including this step's own, 0: the sequence has no part in the step
// out        [heads, T, 512]
//
// Decoding sequences come first, each with the same number of tokens (queryLength): those of sequence s are the flat tokens
// from s * queryLength on. Then come the chunks, of any length. The query rows of a sequence are its tokens times the heads,
// tokens outermost.
#pragma once
#include "primitives.cuh"

constexpr int kWidth = 576, kRank = 512, kRope = 64;
constexpr int kTile = 64;                        // tokens of a page, and of a tile of keys
constexpr int kRowBytes = kWidth * 2;
constexpr int kTileBytes = kTile * kRowBytes;
constexpr int kBoxBytes = kTile * 128;           // 64 tokens x 64 values
constexpr int kBoxes = kWidth / 64;
constexpr float kLog2e = 1.4426950408889634f;

// ---- rows of 8-bit latents: 512 codes, 4 scales of 128 each, 64 values of 16 bits ----
constexpr int kCodedRow = 656, kCodedScalesAt = 512, kCodedRopeAt = 528;
constexpr int kCodedTileBytes = kTile * kCodedRow;

struct DecodeShape {
  int numTokens, queryLength, heads, maxBlocks;
  float scale;
};

// Where a value's 16 bytes (chunk of 8 columns) lie in a swizzled tile.
DEVICE uint32_t swizzled(int row, int chunk) { return (chunk >> 3) * kBoxBytes + row * 128 + (((chunk ^ row) & 7) << 4); }

// First value of an output row: row of a sequence whose first token is `token`.
DEVICE size_t outputRow(int token, int row, int numTokens, int heads) {
  return ((size_t)(row % heads) * numTokens + token + row / heads) * kRank;
}

// ---- the split plan: made once a step by attentionPlan, read by every layer ----
// The decoding sequences' tiles of keys lie on one line, one after another, with `overhead` (0 or 1) units more in front of
// every sequence; block c works on [c * chunk, (c + 1) * chunk).
// plan[0] chunk, plan[1] end of the line, plan[2] blocks, plan[3] overhead,
// plan[4 + 4c ...] of block c: first sequence, first tile there, units that are left of the chunk, length of the sequence,
// plan[4 + 4 * blocks + s] where sequence s begins, s <= S.
DEVICE int tilesOf(int length) { return length > 0 ? (length + kTile - 1) / kTile : 1; }

// Consecutive tiles of one sequence.
struct Piece {
  int sequence, firstTile, tiles, length;
  int slot;  // of the partial result; -1: the piece is the whole sequence
};
struct PieceWalk {
  const int* lengths;
  int block, sequence, tile, left, length, overhead;
  bool isFirst;
  __device__ __forceinline__ PieceWalk(const int* plan, const int* lengths_, int block_)
      : lengths(lengths_), block(block_), isFirst(true) {
    const int4 row = reinterpret_cast<const int4*>(plan)[1 + block];
    overhead = plan[3];
    sequence = row.x;
    tile = row.y;
    left = row.z;
    length = row.w;
  }
  __device__ __forceinline__ bool next(Piece& piece) {
    if (left <= 0) return false;
    piece.sequence = sequence;
    piece.length = length;
    const int all = tilesOf(length);
    piece.firstTile = tile;
    piece.tiles = min(left, all - tile);
    piece.slot = piece.tiles == all ? -1 : 2 * block + (isFirst ? 0 : 1);
    left -= piece.tiles + overhead;
    ++sequence;
    if (left > 0) length = lengths[sequence];  // a piece ahead of its use
    tile = 0;
    isFirst = false;
    return true;
  }
};

// The partial results of a sequence: `count` of them (1: it was not cut), the first in firstSlot, the i-th in 2 * (first + i).
struct Cuts {
  int first, count, firstSlot;
  __device__ __forceinline__ Cuts(const int* plan, int sequence) {
    const int chunk = plan[0], overhead = plan[3];
    const int* starts = plan + 4 + 4 * plan[2];
    const int start = starts[sequence], end = starts[sequence + 1];
    first = (start + overhead) / chunk;
    count = (end - 1) / chunk - first + 1;
    firstSlot = 2 * first + (first * chunk >= start ? 0 : 1);
  }
};

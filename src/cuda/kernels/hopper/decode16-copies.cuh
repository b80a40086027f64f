// The copying warp of the decode kernels for 16 query rows a block.
#pragma once
#include "attention.cuh"

constexpr int kQueryPitch = kRowBytes + 16;  // eight rows cover all 32 banks

// For every piece of the walk its query, rows of kQueryPitch bytes, into one stage, and its tiles into the following ones: copyTile(to, page, barrier),
// by all lanes. `full` and `empty` are the barriers of a ring of stages of STAGE bytes, which a tile fills.
// token, head: of the block's first query row
template <int STAGES, int STAGE, typename T, class CopyTile>
DEVICE void copyPieces(PieceWalk& walk, bool isCopying, int lane, uint32_t base, uint32_t full, uint32_t empty, int token, int head,
                       const T* __restrict__ absorbed, const T* __restrict__ rotary, const int* __restrict__ blockTable, const DecodeShape& shape,
                       const CopyTile& copyTile) {
  Piece piece;
  int stage = 0;
  uint32_t phase = 0;
  const auto advance = [&]() { advanceStage<STAGES>(stage, phase); };
  const int maxBlocks = shape.maxBlocks;
  // The first 32 pages of a sequence are read a piece ahead.
  int nextPages = walk.left > 0 && lane < maxBlocks ? blockTable[(size_t)walk.sequence * maxBlocks + lane] : 0;
  waitForPreviousKernel();
  while (isCopying && walk.next(piece)) {
    barrierWait(empty + 8 * stage, phase ^ 1);
    if (lane == 0) barrierExpect(full + 8 * stage, 16 * kRowBytes);
    __syncwarp();
    {
      const int row = lane & 15;
      const size_t flat = (size_t)piece.sequence * shape.queryLength + token;
      const uint32_t to = base + stage * STAGE + row * kQueryPitch;
      if (lane < 16) bulkCopy(to, absorbed + ((size_t)(head + row) * shape.numTokens + flat) * kRank, kRank * 2, full + 8 * stage);
      else bulkCopy(to + kRank * 2, rotary + (flat * shape.heads + head + row) * kRope, kRope * 2, full + 8 * stage);
    }
    advance();
    const int* table = blockTable + (size_t)piece.sequence * maxBlocks;
    int pages = nextPages;
    if (piece.firstTile > 0) pages = lane < piece.tiles ? table[piece.firstTile + lane] : 0;
    if (walk.left > 0 && lane < maxBlocks) nextPages = table[maxBlocks + lane];
    for (int j = 0; j < piece.tiles; ++j) {
      if ((j & 31) == 0 && j > 0) pages = j + lane < piece.tiles ? table[piece.firstTile + j + lane] : 0;
      const int page = piece.length > 0 ? __shfl_sync(~0u, pages, j & 31) : 0;
      const uint32_t to = base + stage * STAGE, bar = full + 8 * stage;
      barrierWait(empty + 8 * stage, phase ^ 1);
      if (lane == 0) barrierExpect(bar, STAGE);
      __syncwarp();
      copyTile(to, page, bar);
      advance();
    }
  }
}

// What the decode kernels for 16 query rows a block have in common: the copying warp, and what the eight that compute tell each other.
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

// Of rows g and g + 8, over all eight warps; of a row the maxima or masses [8], one a warp.
DEVICE float2 largestOfWarps(const float* maxima, int g) {
  const float4 a = *reinterpret_cast<const float4*>(maxima + g * 8), b = *reinterpret_cast<const float4*>(maxima + g * 8 + 4);
  const float4 c = *reinterpret_cast<const float4*>(maxima + g * 8 + 64), d = *reinterpret_cast<const float4*>(maxima + g * 8 + 68);
  return make_float2(fmaxf(fmaxf(fmaxf(a.x, a.y), fmaxf(a.z, a.w)), fmaxf(fmaxf(b.x, b.y), fmaxf(b.z, b.w))),
                     fmaxf(fmaxf(fmaxf(c.x, c.y), fmaxf(c.z, c.w)), fmaxf(fmaxf(d.x, d.y), fmaxf(d.z, d.w))));
}
DEVICE float2 sumOverWarps(float* masses, int g, int t4, int warp, float mass0, float mass1) {
  mass0 += __shfl_xor_sync(~0u, mass0, 1);
  mass1 += __shfl_xor_sync(~0u, mass1, 1);
  mass0 += __shfl_xor_sync(~0u, mass0, 2);
  mass1 += __shfl_xor_sync(~0u, mass1, 2);
  if (t4 == 0) {
    masses[g * 8 + warp] = mass0;
    masses[(g + 8) * 8 + warp] = mass1;
  }
  namedBarrier(1, 256);
  mass0 = mass1 = 0.f;
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    mass0 += masses[g * 8 + i];
    mass1 += masses[(g + 8) * 8 + i];
  }
  return make_float2(mass0, mass1);
}

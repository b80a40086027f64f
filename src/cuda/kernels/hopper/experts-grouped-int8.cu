// The products of experts-grouped.cu with weights in int8 (int8.cuh): the same tensors and the same groups, half the bytes.
//
// gateUp u8 [experts, 2 * inter, hidden] with scales f16 [experts, 2 * inter, hidden / 128]; down u8 [experts, hidden, inter] with scales f16
// [experts, hidden, inter / 128].
//
// Codes come to shared memory as they are; each warpgroup turns its rows into f16 in registers, where wgmma takes them from, while the
// products before are under way. A weight is rounded to f16 once: code * scale. Of the tokens only those that the item has are copied,
// whole boxes of BOX slots; what an earlier stage left in the other slots becomes columns that nobody reads.
#include "experts-grouped.cuh"
#include "int8.cuh"

constexpr int kScaleBlock = 128;      // columns of a row that share a scale
constexpr int kRowBytes = 128;        // of a tile in shared memory: 128 columns of the weights, 64 of the tokens
constexpr int kSharedOfTwo = 115712;  // dynamic shared memory of each of two blocks on an SM

// BLOCKS: blocks of 64 weight rows that each of the two consumer warpgroups takes; N: slots of a tile, and LEAST, how few of them are computed at
// least. Of small tiles two run on an SM, since what limits one is the way from codes to products.
template <int BLOCKS, int N, int LEAST_, int BOX_> struct Tile {
  static constexpr int LEAST = LEAST_, BOX = BOX_, WEIGHT_ROWS = 128 * BLOCKS, BLOCKS_OF_SM = BLOCKS == 1 ? 2 : 1;
  static constexpr int COPYING_REGISTERS = BLOCKS_OF_SM == 2 ? 24 : 40, COMPUTING_REGISTERS = BLOCKS_OF_SM == 2 ? 104 : 232;
  static constexpr int WEIGHT_BYTES = WEIGHT_ROWS * kRowBytes, HALF = N * kRowBytes, STAGE = WEIGHT_BYTES + 2 * HALF;
  static constexpr int BOX_PITCH = BOX * kRowBytes, BOX_BYTES = 2 * BOX_PITCH;  // from box to box of a half; of a box in both
  static constexpr int FIT = ((BLOCKS_OF_SM == 2 ? kSharedOfTwo : kSharedLimit) - 256) / STAGE, STAGES = FIT > 10 ? 10 : FIT;
  static constexpr int BARRIERS = STAGES * STAGE, SHARED = BARRIERS + 16 * STAGES;
};

// Stays where it is written, unlike an ordinary load.
DEVICE __half loadHalf(const __half* from) {
  uint16_t v;
  asm volatile("ld.global.u16 %0, [%1];" : "=h"(v) : "l"(from) : "memory");
  return __ushort_as_half(v);
}

// A word of codes as f16: columns of the first and of the second half of an operand's 16.
DEVICE void scaledPairs(uint32_t word, __half2 scale, uint32_t& first, uint32_t& second) {
  first = bitsOf(__hmul2(unscaledPair<kLowPair>(word), scale));
  second = bitsOf(__hmul2(unscaledPair<kHighPair>(word), scale));
}

// Grid: BLOCKS_OF_SM blocks an SM (or fewer), 384 threads: warpgroup 0 copies, the others multiply. Every block takes each gridDim.x-th tile.
template <class S, int BLOCKS, int N, bool UP>
DEVICE void grouped(const CUtensorMap* weights, const CUtensorMap* tokens, const __half* __restrict__ scales, const int* __restrict__ groups,
                    __half* __restrict__ out, GroupedShape shape) {
  extern __shared__ __align__(1024) uint8_t shared[];
  const uint32_t base = sharedAddress(shared), full = base + S::BARRIERS, empty = full + 8 * S::STAGES;
  const int tid = threadIdx.x, lane = tid & 31;
  if (tid == 0) initStages<S::STAGES>(full, empty, 8);
  __syncthreads();
  const int tiles = __ldcg(groups) * shape.rowTiles, steps = shape.depth / kScaleBlock;
  int stage = 0;
  uint32_t phase = 0;
  const auto advance = [&]() { advanceStage<S::STAGES>(stage, phase); };

  if (tid < 128) {  // ---- copies, by one thread
    registersDown<S::COPYING_REGISTERS>();
    if (tid == 0) {
      const auto itemOfTile = [&](int tile) { return itemOf(groups, tile / shape.rowTiles); };
      copyTiles<S, kScaleBlock>(weights, tiles, steps, base, full, empty, shape, itemOfTile, [&](uint32_t to, int column, int slot, uint32_t bar) {
        boxCopy(to, tokens, column, slot, bar);
        boxCopy(to + S::HALF, tokens, column + kScaleBlock / 2, slot, bar);
      });
    }
    return;
  }

  // ---- products
  registersUp<S::COMPUTING_REGISTERS>();
  constexpr int STEPS = 4 * BLOCKS;           // of a stage: 32 columns of 64 rows each
  const int group = (tid >> 7) - 1, warp = (tid >> 5) & 3, warpRow = group * BLOCKS * 64 + warp * 16;
  const auto scalesOf = [&](int tile, int4 item) {  // of the lane's first row, lane / 4 of the warp's
    return scales + (size_t)((item.x * shape.rowTiles + tile % shape.rowTiles) * S::WEIGHT_ROWS + warpRow + (lane >> 2)) * steps;
  };
  // Scales of that row and of the one 8 further down, of each block of rows: always a stage ahead.
  __half coming[BLOCKS][2];
  const auto askForScales = [&](const __half* at) {
#pragma unroll
    for (int m = 0; m < BLOCKS; ++m) {
      coming[m][0] = loadHalf(at + m * 64 * steps);
      coming[m][1] = loadHalf(at + (m * 64 + 8) * steps);
    }
  };
  // What a lane tells ldmatrix: row lane % 16 of the warp's, and which of two groups of 16 columns, in 128-byte swizzle.
  const uint32_t lanesPart = (warpRow + (lane & 15)) * kRowBytes + ((lane >> 4 ^ (lane & 7)) << 4);
  int4 item, nextItem = make_int4(0, 0, 0, 0);
  const __half *rowScales, *nextScales = scales;
  if (blockIdx.x < tiles) {
    nextItem = itemOf(groups, blockIdx.x / shape.rowTiles);
    nextScales = scalesOf(blockIdx.x, nextItem);
    askForScales(nextScales);
  }
  // A tile, computed for the first n of its slots.
  const auto multiply = [&](int tile, auto columns) {
    constexpr int n = decltype(columns)::value;
    float acc[BLOCKS][n / 2];
    const PairsOfLane<UP, n> pairs(groups, item, lane, shape);
    uint32_t previous = 0;
    // The fence orders this warp's reads before the copy engine's next writes. Only the arrival is conditional: around a branch the compiler
    // would run the products one by one.
    const auto release = [&](bool isDone) {
      asyncProxyFence();
      __syncwarp();
      if (isDone && lane == 0) barrierArrive(previous);
    };
    for (int k = 0; k < steps; ++k) {
      const uint32_t at = base + stage * S::STAGE, codes = at + lanesPart, b = operand(at + S::WEIGHT_BYTES, 16);
      __half2 scale[BLOCKS][2];
#pragma unroll
      for (int m = 0; m < BLOCKS; ++m) {
        scale[m][0] = __half2half2(coming[m][0]);
        scale[m][1] = __half2half2(coming[m][1]);
      }
      barrierWait(full + 8 * stage, phase);
      uint32_t words[2][4], a[2][8];        // of the step at hand and of the one before or after it
      loadMatrix4(words[0], codes);
#pragma unroll
      for (int i = 0; i < STEPS; ++i) {
        const int m = i % BLOCKS, next = i + 1;
        if (next < STEPS) loadMatrix4(words[next & 1], (codes ^ (next / BLOCKS) << 5) + next % BLOCKS * 64 * kRowBytes);
        const uint32_t* w = words[i & 1];
        uint32_t(&to)[8] = a[i & 1];
#pragma unroll
        for (int j = 0; j < 4; ++j) scaledPairs(w[j], scale[m][j & 1], to[(j >> 1) * 4 + (j & 1)], to[(j >> 1) * 4 + (j & 1) + 2]);
        productOperands(to);
        productFence();
#pragma unroll
        for (int j = 0; j < 2; ++j) {
          const int column = i / BLOCKS * 2 + j;  // in units of 16
          productOfRows(__half(), acc[m], to[4 * j], to[4 * j + 1], to[4 * j + 2], to[4 * j + 3], b + column / 4 * (S::HALF >> 4) + column % 4 * 2,
                        k + column > 0);
        }
        productCommit();
        productWait<1>();                     // what the registers for the next codes were last used for is done
        if (i == 0) {                         // and all of the stage before
          release(k > 0);
          askForScales(k + 1 < steps ? rowScales + k + 1 : nextScales);  // after the fence, which waits for all that was asked for
        }
      }
      previous = empty + 8 * stage;
      advance();
    }
    productWait<0>();
#pragma unroll
    for (int m = 0; m < BLOCKS; ++m) productKeep(acc[m]);
    release(true);

    const int row = (tile % shape.rowTiles) * S::WEIGHT_ROWS + warpRow;
#pragma unroll
    for (int m = 0; m < BLOCKS; ++m) {
#pragma unroll
      for (int i = 0; i < n / 8; ++i) storeTile<UP>(acc[m] + 4 * i, lane, out, pairs.pair[i], item, i * 8, row + m * 64, shape);
    }
  };
  waitForPreviousKernel();
  for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    item = nextItem;
    rowScales = nextScales;
    if (tile + gridDim.x < tiles) {
      nextItem = itemOf(groups, (tile + gridDim.x) / shape.rowTiles);
      nextScales = scalesOf(tile + gridDim.x, nextItem);
    }
    forSlots<N, S::LEAST>(item.z, [&](auto columns) { multiply(tile, columns); });
  }
}

// NAME: slots x weight rows of a tile.
#define DEFINE_PRODUCTS(NAME, BLOCKS, N, LEAST, BOX)                                                                  \
  extern "C" __global__ void __launch_bounds__(384, Tile<BLOCKS, N, LEAST, BOX>::BLOCKS_OF_SM) groupedInt8Up_##NAME(  \
      const __grid_constant__ CUtensorMap weights, const __grid_constant__ CUtensorMap tokens, const __half* scales,  \
      const int* groups, __half* h, GroupedShape shape) {                                                             \
    grouped<Tile<BLOCKS, N, LEAST, BOX>, BLOCKS, N, true>(&weights, &tokens, scales, groups, h, shape);               \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(384, Tile<BLOCKS, N, LEAST, BOX>::BLOCKS_OF_SM) groupedInt8Down_##NAME(\
      const __grid_constant__ CUtensorMap weights, const __grid_constant__ CUtensorMap tokens, const __half* scales,  \
      const int* groups, __half* rows, GroupedShape shape) {                                                          \
    grouped<Tile<BLOCKS, N, LEAST, BOX>, BLOCKS, N, false>(&weights, &tokens, scales, groups, rows, shape);           \
  }                                                                                                                   \
  extern "C" __device__ const int groupedInt8_##NAME##_sharedBytes = Tile<BLOCKS, N, LEAST, BOX>::SHARED;
DEFINE_PRODUCTS(32x128, 1, 32, 16, 8)
DEFINE_PRODUCTS(64x128, 1, 64, 64, 8)
DEFINE_PRODUCTS(128x256, 2, 128, 128, 32)

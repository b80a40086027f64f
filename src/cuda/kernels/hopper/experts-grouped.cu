// DeepSeekMoE's experts for many tokens: the (token, expert) pairs are grouped by expert, and both products run over the groups
// with tensor cores (wgmma), tiles of weights and tokens coming through the copy engine.
//
// ids [T, topK], weights [T, topK], from a routing kernel; ids outside [0, experts) are skipped. Here topK and experts are with the shared ones.
// gateUp [experts, 2 * inter, hidden], rows gate_0, up_0, gate_1, up_1, ...; down [experts, hidden, inter]; both f16.
// groups   from experts-route.cu or experts-route-many.cu: number of items, number of slots, two unused; items (expert, first slot, slots, 0); the pair of each slot.
//          Slots are the pairs sorted by expert; an item is up to N slots of one expert.
// rows     [T * topK, hidden] f16: first the tokens in the order of the slots, from there too, then the experts' results in the order of
//          the pairs (groupedDown), in units of kHiddenUnit
// h        [T * topK, inter] f16, in the order of the slots, in units of kHiddenUnit
//
// Weight rows are the M of the products and tokens the N, so few tokens an expert waste little. A token's result does not depend on
// the others: every accumulator sums over k in one fixed order.
#include "experts-grouped.cuh"

constexpr int kDepth = 64;         // columns of a tile in one stage: 128 bytes
constexpr int kRowBytes = 2 * kDepth;

// ------------------------------------------------------------------------------------------------------------ products
// BLOCKS: blocks of 64 weight rows that each of the two consumer warpgroups takes; N: slots of a tile, and LEAST, how few of them are computed at least;
// BOX: slots that are copied at once, only as many boxes as hold tokens (the others' columns are computed from whatever is there, and not stored).
// LAST_FIRST: items from the last on, which are the shared experts' and have the most tokens (measured: faster for one kind of tile, slower for others).
template <int BLOCKS_, int N_, int LEAST_, int BOX_, bool LAST_FIRST_> struct Tile {
  static constexpr int BLOCKS = BLOCKS_, N = N_, LEAST = LEAST_, BOX = BOX_;
  static constexpr bool LAST_FIRST = LAST_FIRST_;
  static constexpr int WEIGHT_ROWS = 128 * BLOCKS;
  static constexpr int WEIGHT_BYTES = WEIGHT_ROWS * kRowBytes, STAGE = WEIGHT_BYTES + N * kRowBytes;
  static constexpr int BOX_PITCH = BOX * kRowBytes, BOX_BYTES = BOX_PITCH;  // from box to box; of a box
  static constexpr int FIT = (kSharedLimit - 256) / STAGE, STAGES = FIT > 10 ? 10 : FIT;
  static constexpr int BARRIERS = STAGES * STAGE, SHARED = BARRIERS + 16 * STAGES;
};

// Grid: one block an SM (or fewer), 384 threads: warpgroup 0 copies, the others multiply. Every block takes each gridDim.x-th tile.
template <class S, bool UP>
DEVICE void grouped(const CUtensorMap* weights, const CUtensorMap* tokens, const int* __restrict__ groups, __half* __restrict__ out,
                    GroupedShape shape) {
  constexpr int BLOCKS = S::BLOCKS;
  extern __shared__ __align__(1024) uint8_t shared[];
  const uint32_t base = sharedAddress(shared), full = base + S::BARRIERS, empty = full + 8 * S::STAGES;
  const int tid = threadIdx.x, lane = tid & 31;
  if (tid == 0) initStages<S::STAGES>(full, empty, 8);
  __syncthreads();
  const int numItems = __ldcg(groups), tiles = numItems * shape.rowTiles, steps = shape.depth / kDepth;
  const auto itemOfTile = [&](int tile) { return itemOf(groups, S::LAST_FIRST ? numItems - 1 - tile / shape.rowTiles : tile / shape.rowTiles); };
  int stage = 0;
  uint32_t phase = 0;
  const auto advance = [&]() { advanceStage<S::STAGES>(stage, phase); };

  if (tid < 128) {  // ---- copies, by one thread
    registersDown<40>();
    if (tid == 0) {
      copyTiles<S, kDepth>(weights, tiles, steps, base, full, empty, shape, itemOfTile, [&](uint32_t to, int column, int slot, uint32_t bar) {
        boxCopy(to, tokens, column, slot, bar);
      });
    }
    return;
  }

  // ---- products
  registersUp<232>();
  const int group = (tid >> 7) - 1, warp = (tid >> 5) & 3;
  // A tile, computed for the first n of its slots.
  const auto multiply = [&](int tile, int4 item, auto columns) {
    constexpr int n = decltype(columns)::value;
    float acc[BLOCKS][n / 2];
    const PairsOfLane<UP, n> pairs(groups, item, lane, shape);
    uint32_t previous = 0;
    for (int k = 0; k < steps; ++k) {
      const uint32_t at = base + stage * S::STAGE;
      // Opaque: made before the wait and not behind it, where the tensor cores would wait too.
      const uint32_t a = opaque(operand(at + group * BLOCKS * 64 * kRowBytes, 16)), b = opaque(operand(at + S::WEIGHT_BYTES, 16));
      barrierWait(full + 8 * stage, phase);
      productFence();
#pragma unroll
      for (int i = 0; i < kDepth / 16; ++i) {
#pragma unroll
        for (int m = 0; m < BLOCKS; ++m) productOfRows(__half(), acc[m], a + m * (64 * kRowBytes >> 4) + 2 * i, b + 2 * i, k + i > 0);
      }
      productCommit();
      productWait<1>();
      if (k > 0 && lane == 0) barrierArrive(previous);
      previous = empty + 8 * stage;
      advance();
    }
    productWait<0>();
#pragma unroll
    for (int m = 0; m < BLOCKS; ++m) productKeep(acc[m]);
    if (lane == 0) barrierArrive(previous);

    const int row = (tile % shape.rowTiles) * S::WEIGHT_ROWS + group * BLOCKS * 64 + warp * 16;
#pragma unroll
    for (int m = 0; m < BLOCKS; ++m) {
#pragma unroll
      for (int i = 0; i < n / 8; ++i) {
        storeTile<UP>(acc[m] + 4 * i, lane, out, pairs.pair[i], item, i * 8, row + m * 64, shape);
      }
    }
  };
  waitForPreviousKernel();
  for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const int4 item = itemOfTile(tile);
    forSlots<S::N, S::LEAST>(item.z, [&](auto columns) { multiply(tile, item, columns); });
  }
}

// NAME: slots x weight rows of a tile.
#define DEFINE_PRODUCTS(NAME, ...)                                                                                    \
  extern "C" __global__ void __launch_bounds__(384, 1) groupedUp_##NAME(                                               \
      const __grid_constant__ CUtensorMap weights, const __grid_constant__ CUtensorMap tokens, const int* groups,     \
      __half* h, GroupedShape shape) {                                                                                \
    grouped<Tile<__VA_ARGS__>, true>(&weights, &tokens, groups, h, shape);                                            \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(384, 1) groupedDown_##NAME(                                             \
      const __grid_constant__ CUtensorMap weights, const __grid_constant__ CUtensorMap tokens, const int* groups,     \
      __half* rows, GroupedShape shape) {                                                                             \
    grouped<Tile<__VA_ARGS__>, false>(&weights, &tokens, groups, rows, shape);                                        \
  }                                                                                                                   \
  extern "C" __device__ const int grouped_##NAME##_sharedBytes = Tile<__VA_ARGS__>::SHARED;
DEFINE_PRODUCTS(32x128, 1, 32, 32, 32, false)
DEFINE_PRODUCTS(64x256, 2, 64, 16, 32, true)
DEFINE_PRODUCTS(128x256, 2, 128, 128, 64, false)

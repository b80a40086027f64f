// Parts of experts-small.cu: who works on what, and the routing.
#pragma once
#include <stddef.h>

#include "primitives.cuh"

constexpr int kMaxTokens = 32, kTopK = 6, kMaxShared = 2, kMaxPairs = kMaxTokens * (kTopK + kMaxShared), kMaxExperts = 160 + kMaxShared;
constexpr int kWarps = 8, kConsumers = kWarps * 32, kThreads = kConsumers + 32;
constexpr int kWorkspaceHeader = 128;    // two counters (zero before and after every launch), then h [T * choices, inter] f16
constexpr int kColumn = 18;              // floats from token column to token column of a 16 x 8 partial tile: no bank conflicts, 8-byte aligned
constexpr int kPartial = 8 * kColumn;
constexpr int kExtraCost = 2;            // quarters of a tile, for 8 tokens more of an expert
// h is kept as f16 in this unit: 1 / 16 of its values reach beyond what f16 holds in DeepSeek-V2, where some activations are huge.
constexpr float kHiddenUnit = 16.f;

constexpr int maxOf(int a, int b) { return a > b ? a : b; }

struct Plan {                            // every block makes its own from the pairs of tokens and experts
  uint64_t full[8], empty[8];
  alignas(16) int id[kMaxPairs];         // expert of pair t * choices + k; -1: none
  float routed[kMaxPairs];
  int count[kMaxExperts], first[kMaxExperts];
  int pair[kMaxPairs], token[kMaxPairs]; // pairs sorted by expert, then by token
  float weight[kMaxPairs];
  int expert[kMaxExperts], start[kMaxExperts + 1], work[kMaxExperts + 1];  // of the active experts: id, first pair, costs of the tiles up to there
  int active, tile[2];                   // this block's tiles of the first product: from, to
};
constexpr int kPlanBytes = (sizeof(Plan) + 127) / 128 * 128;
constexpr int kScratchBytes = maxOf(5 * kWarps * kPartial, kWarps * kMaxTokens * 16) * 4;  // partial tiles of the first product, then sums of the second

// CHUNK: columns of the first weights that the consumers take at once; PARTS: how many such chunks a slot of the ring holds. Where that is a
// whole row, a slot is one contiguous copy (a copy costs the producer and the engine some 100 cycles). INT8: the weights, see int8.cuh; the scales
// of a slot's rows lie behind them.
// SHARED: shared experts behind the EXPERTS that are chosen from.
template <int HIDDEN_, int INTER_, int EXPERTS_, int SHARED_, bool INT8_, int CHUNK, int PARTS_> struct Shape {
  static constexpr int HIDDEN = HIDDEN_, INTER = INTER_, EXPERTS = EXPERTS_, SHARED = SHARED_, KC = CHUNK, PARTS = PARTS_;
  static constexpr int ALL = EXPERTS + SHARED, CHOICES = kTopK + SHARED;  // of the layer; of a token
  static constexpr bool INT8 = INT8_, WHOLE = KC * PARTS == HIDDEN;
  static constexpr int BYTES = INT8 ? 1 : 2, STEP = 64 / BYTES;          // of an element; elements of a row that a warp takes at once
  static constexpr int LOADS = STEP / 32;                                // of 8 activations each, by a lane for a step
  static constexpr int CHUNKS = HIDDEN / KC, STEPS1 = KC / STEP, ROUNDS1 = STEPS1 / kWarps;
  static constexpr int STEPS2 = INTER / STEP, ROUNDS2 = (STEPS2 + kWarps - 1) / kWarps;
  static constexpr int ROW1 = KC * PARTS * BYTES + (WHOLE ? 0 : 64), ROW2 = INTER * BYTES;  // bytes from row to row of a slot
  static constexpr int SCALES1 = INT8 ? HIDDEN / 128 : 0, SCALES2 = INT8 ? INTER / 128 : 0;  // of a row
  static constexpr int SLOT = (16 * maxOf(ROW1 + 2 * SCALES1, ROW2 + 2 * SCALES2) + 127) / 128 * 128;
  static constexpr int FIT = (kSharedLimit - kPlanBytes - kScratchBytes) / SLOT, SLOTS = FIT > 8 ? 8 : FIT;
  static constexpr int SHARED_BYTES = kPlanBytes + kScratchBytes + SLOTS * SLOT;
  static constexpr int TILES = 2 * INTER / 16;                           // of one expert's first weights
  static constexpr bool CROWD = HIDDEN <= 2048;                          // registers enough to make experts of more than 8 tokens fast as well
  static_assert(CHUNKS % PARTS == 0 && HIDDEN % KC == 0 && STEPS1 % kWarps == 0 && INTER % STEP == 0);
  static_assert(SLOTS >= 2 && ALL <= kMaxExperts && SHARED <= kMaxShared && EXPERTS % 32 == 0);
  static_assert(!INT8 || (WHOLE && HIDDEN % 128 == 0 && INTER % 128 == 0));
};

template <int SLOT, int SLOTS> struct Ring {
  uint32_t base;                         // of the block's shared memory: Plan, scratch, slots
  int at = 0;
  uint32_t phase = 0;
  __device__ __forceinline__ uint32_t full() const { return base + offsetof(Plan, full) + 8 * at; }
  __device__ __forceinline__ uint32_t empty() const { return base + offsetof(Plan, empty) + 8 * at; }
  __device__ __forceinline__ uint32_t slot() const { return base + kPlanBytes + kScratchBytes + SLOT * at; }
  __device__ __forceinline__ void next() {
    if (++at == SLOTS) {
      at = 0;
      phase ^= 1;
    }
  }
};

// Softmax over the experts and the largest kTopK, one warp a token; of equal ones the first. Then the shared experts.
template <int EXPERTS, int SHARED> DEVICE void route(const float* logits, float scale, int* ids, float* weights, int lane) {
  float v[EXPERTS / 32], top = -INFINITY, sum = 0;
  uint32_t key[EXPERTS / 32];            // ordered as the logits are; 0: taken
#pragma unroll
  for (int j = 0; j < EXPERTS / 32; ++j) {
    v[j] = logits[lane + 32 * j];
    const uint32_t bits = __float_as_uint(v[j]);
    key[j] = bits >> 31 ? ~bits : bits | 0x80000000u;
    top = fmaxf(top, v[j]);
  }
  top = warpMax(top);
#pragma unroll
  for (int j = 0; j < EXPERTS / 32; ++j) sum += __expf(v[j] - top);
  sum = warpSum(sum);
  for (int k = 0; k < kTopK; ++k) {
    uint32_t best = 0, index = EXPERTS;
#pragma unroll
    for (int j = 0; j < EXPERTS / 32; ++j) best = max(best, key[j]);
    best = __reduce_max_sync(~0u, best);
#pragma unroll
    for (int j = EXPERTS / 32 - 1; j >= 0; --j) if (key[j] == best) index = lane + 32 * j;
    index = __reduce_min_sync(~0u, index);
#pragma unroll
    for (int j = 0; j < EXPERTS / 32; ++j) if (index == lane + 32 * j) key[j] = 0;
    if (lane == 0) {
      ids[k] = index;
      weights[k] = __expf(__uint_as_float(best >> 31 ? best & 0x7fffffffu : ~best) - top) / sum * scale;
    }
  }
  if (lane < SHARED) {
    ids[kTopK + lane] = EXPERTS + lane;
    weights[kTopK + lane] = 1.f;
  }
}

// What a tile of the first product costs: an expert's first 8 tokens hide behind the weights, 8 more do not (measured).
DEVICE int tileCost(int tokens) { return tokens ? 4 + (tokens - 1) / 8 * kExtraCost : 0; }

// Groups the pairs by expert, and gives this block its share of the tiles.
template <class S> DEVICE void group(Plan& plan, int pairs, int tid) {
  const int warp = tid >> 5, lane = tid & 31;
  int rank = 0, total = 0;
  const int id = tid < pairs ? plan.id[tid] : -1;
  if (id >= 0) {
    for (int q = 0; q < pairs; q += 4) {
      const int4 v = *reinterpret_cast<const int4*>(plan.id + q);
      const int s0 = v.x == id, s1 = v.y == id, s2 = v.z == id, s3 = v.w == id;
      total += s0 + s1 + s2 + s3;
      rank += (s0 & (q < tid)) + (s1 & (q + 1 < tid)) + (s2 & (q + 2 < tid)) + (s3 & (q + 3 < tid));
    }
    if (rank == 0) plan.count[id] = total;
  }
  __syncthreads();
  if (warp == 0) {
    int active = 0, at = 0, work = 0;
    for (int from = 0; from < S::ALL; from += 32) {
      const int e = from + lane, n = e < S::ALL ? plan.count[e] : 0, mine = n | tileCost(n) << 16;
      const uint32_t some = __ballot_sync(~0u, n > 0);
      int before = mine;                 // both sums in one scan
#pragma unroll
      for (int d = 1; d < 32; d <<= 1) {
        const int v = __shfl_up_sync(~0u, before, d);
        if (lane >= d) before += v;
      }
      const int all = __shfl_sync(~0u, before, 31);
      before -= mine;
      if (n) {
        const int a = active + __popc(some & ((1u << lane) - 1));
        plan.expert[a] = e;
        plan.start[a] = plan.first[e] = at + (before & 0xffff);
        plan.work[a] = work + (before >> 16);
      }
      active += __popc(some);
      at += all & 0xffff;
      work += all >> 16;
    }
    if (lane == 0) {
      plan.start[active] = at;
      plan.work[active] = work;
      plan.active = active;
    }
  }
  __syncthreads();
  if (id >= 0) {
    const int at = plan.first[id] + rank;
    plan.pair[at] = tid;
    plan.token[at] = tid / S::CHOICES;
    plan.weight[at] = plan.routed[tid] * kHiddenUnit;
  }
  if (tid < plan.active) {               // a tile belongs to the block in whose share of the cost it begins
    const int from = plan.work[tid] * S::TILES, cost = plan.work[tid + 1] - plan.work[tid], all = plan.work[plan.active] * S::TILES;
    for (int i = 0; i < 2; ++i) {
      const int cut = (int)(all * (blockIdx.x + i) / gridDim.x) - from;  // 32 bits are enough for 10,000 blocks
      if (cut >= 0 && cut < cost * S::TILES) plan.tile[i] = tid * S::TILES + (cut + cost - 1) / cost;
      if (tid == plan.active - 1 && cut == cost * S::TILES) plan.tile[i] = plan.active * S::TILES;
    }
  }
  __syncthreads();
}

// Parts of experts-small.cu: who works on what, and the routing.
#pragma once
#include <stddef.h>

#include "primitives.cuh"

// A column of the products is a token, and a warp routes one.
constexpr int kMaxTokens = 8, kTopK = 6, kMaxShared = 2, kMaxPairs = kMaxTokens * (kTopK + kMaxShared), kMaxExperts = 160 + kMaxShared;
constexpr int kWarps = 8, kConsumers = kWarps * 32, kThreads = kConsumers + 32;
constexpr int kWorkspaceHeader = 128;    // two counters (zero before and after every launch), then h [T * choices, inter] f16
constexpr int kColumn = 20;              // floats from token to token of a partial tile of 16 rows: stores without bank conflicts, 8-byte aligned
constexpr int kPartial = kMaxTokens * kColumn;
// h is kept as f16 in this unit: 1 / 16 of its values reach beyond what f16 holds in DeepSeek-V2, where some activations are huge.
constexpr float kHiddenUnit = 16.f;

constexpr int maxOf(int a, int b) { return a > b ? a : b; }

struct Plan {                            // every block makes its own from the pairs of tokens and experts
  uint64_t full[8], empty[8];
  int id[kMaxPairs];                     // expert of pair t * choices + k; -1: none
  float routed[kMaxPairs];
  uint32_t chosen[(kMaxExperts + 31) / 32];  // a bit for each expert: some token has chosen it
  int expert[kMaxPairs];                 // the active experts, ascending
  int pair[kMaxPairs][kMaxTokens];       // of an active expert and a token; -1: the token has not chosen it
  float weight[kMaxPairs][kMaxTokens];
};
constexpr int kPlanBytes = (sizeof(Plan) + 127) / 128 * 128;
constexpr int kScratchBytes = 2 * kWarps * kPartial * 4;  // partial tiles of the warps, twice

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

// Finds the active experts, and which pair of each is whose. Returns how many are active.
template <class S> DEVICE int group(Plan& plan, int pairs, int tid) {
  const int id = tid < pairs ? plan.id[tid] : -1;
  if (id >= 0) atomicOr(plan.chosen + id / 32, 1u << id % 32);
  __syncthreads();
  int active = 0, before = 0;            // of all experts; of those before this pair's
#pragma unroll
  for (int from = 0; from < S::ALL; from += 32) {
    const uint32_t some = plan.chosen[from / 32];
    active += __popc(some);
    if (id >= from) before += __popc(id < from + 32 ? some & ((1u << (id - from)) - 1) : some);
  }
  if (id >= 0) {
    const int token = tid / S::CHOICES;
    plan.expert[before] = id;            // by all pairs of the expert
    plan.pair[before][token] = tid;
    plan.weight[before][token] = plan.routed[tid] * kHiddenUnit;
  }
  __syncthreads();
  return active;
}

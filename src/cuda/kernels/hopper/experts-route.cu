// Routing and grouping for experts-grouped.cu in one kernel, and the tokens' rows for its first product. For steps of few tokens, where three
// launches with little to do cost more than they compute.
//
// logits [T, experts] float, the router's
// ids, weights [T, topK], written: what portableRoute writes, bit for bit
// groups as groupPairs in experts-grouped.cu writes it, and behind it the slot of each pair, -1 where the expert is none. In which order the
//        pairs of an expert take its slots differs from run to run; no result depends on it.
// rows   [T * topK, hidden] f16, written by spreadRows: the tokens in the order of the slots
#include <limits.h>

#include <cooperative_groups.h>

#include "primitives.cuh"

namespace cg = cooperative_groups;

constexpr int kBlocks = 8;  // a cluster: each routes its share of the tokens, and all know what the others have counted
constexpr int kThreads = 1024, kWarps = kThreads / 32;
constexpr int kMaxExperts = 256;

struct RouteShape {
  int numTokens, experts, topK;
  int groups, topGroups;  // groups 0: experts are not limited to groups; up to 32
  int normalize;          // weights sum to 1 and are not scaled
  float scale;
};

// Orders as floats do.
DEVICE uint32_t toOrdered(float x) {
  const uint32_t bits = __float_as_uint(x);
  return bits ^ (bits >> 31 ? ~0u : 0x80000000u);
}
DEVICE float fromOrdered(uint32_t x) { return __uint_as_float(x ^ (x >> 31 ? 0x80000000u : ~0u)); }

// The best of the lanes' values; of equal ones that with the lowest index.
DEVICE int bestOfWarp(float value, int index, float* best) {
  const uint32_t own = toOrdered(value), most = __reduce_max_sync(~0u, own);
  *best = fromOrdered(most);
  return __reduce_min_sync(~0u, own == most ? index : INT_MAX);
}

// One warp: softmax over all experts, then the topK largest, as portableRoute does it. Lane k < topK gets the k-th choice.
// PER_LANE: experts of a lane, at most.
// scores: room for the experts, needed where there are groups.
template <int PER_LANE>
DEVICE void routeToken(const float* logits, const RouteShape& shape, float* scores, int* chosen, float* weight) {
  const int lane = threadIdx.x & 31;
  float open[PER_LANE], top = -INFINITY, sum = 0.f;
#pragma unroll
  for (int i = 0; i < PER_LANE; ++i) {
    open[i] = i * 32 + lane < shape.experts ? logits[i * 32 + lane] : -INFINITY;
    top = fmaxf(top, open[i]);
  }
  top = warpMax(top);
#pragma unroll
  for (int i = 0; i < PER_LANE; ++i) {
    if (i * 32 + lane < shape.experts) sum += open[i] = expf(open[i] - top);
  }
  sum = warpSum(sum);
#pragma unroll
  for (int i = 0; i < PER_LANE; ++i) open[i] = i * 32 + lane < shape.experts ? open[i] / sum : -INFINITY;

  if (shape.groups > 0) {
    const int perGroup = shape.experts / shape.groups;
#pragma unroll
    for (int i = 0; i < PER_LANE; ++i) {
      if (i * 32 + lane < shape.experts) scores[i * 32 + lane] = open[i];
    }
    __syncwarp();
    float best = -INFINITY;
    if (lane < shape.groups) {
      for (int i = 0; i < perGroup; ++i) best = fmaxf(best, scores[lane * perGroup + i]);
    }
    __syncwarp();
    uint32_t kept = 0;
#pragma unroll 1
    for (int n = 0; n < shape.topGroups; ++n) {
      float ignored;
      const int group = bestOfWarp(best, lane, &ignored);
      kept |= 1u << group;
      if (lane == group) best = -INFINITY;
    }
#pragma unroll
    for (int i = 0; i < PER_LANE; ++i) {
      if (i * 32 + lane < shape.experts && !(kept >> ((i * 32 + lane) / perGroup) & 1)) open[i] = -1.f;
    }
  }
  float mass = 0.f;
  *chosen = -1;
  *weight = 0.f;
#pragma unroll 1
  for (int k = 0; k < shape.topK; ++k) {
    float value = -INFINITY, score;
    int index = shape.experts;
#pragma unroll
    for (int i = 0; i < PER_LANE; ++i) {
      if (open[i] > value) {
        value = open[i];
        index = i * 32 + lane;
      }
    }
    const int expert = bestOfWarp(value, index, &score);
    mass += score;
#pragma unroll
    for (int i = 0; i < PER_LANE; ++i) {
      if (i * 32 + lane == expert) open[i] = -2.f;
    }
    if (lane == k) {
      *chosen = expert;
      *weight = score;
    }
  }
  *weight *= shape.normalize ? 1.f / (mass + 1e-20f) : shape.scale;
}

// Running sums of two values over a block of threads of which those beyond kMaxExperts have none; `totals` are over all.
DEVICE int2 sumsBefore(int2 own, int2 (&ofWarps)[kMaxExperts / 32], int2* totals) {
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  int2 sum = own;
#pragma unroll
  for (int d = 1; d < 32; d <<= 1) {
    const int x = __shfl_up_sync(~0u, sum.x, d), y = __shfl_up_sync(~0u, sum.y, d);
    if (lane >= d) {
      sum.x += x;
      sum.y += y;
    }
  }
  if (lane == 31 && warp < kMaxExperts / 32) ofWarps[warp] = sum;
  __syncthreads();
  int2 before = make_int2(sum.x - own.x, sum.y - own.y);
  *totals = make_int2(0, 0);
#pragma unroll
  for (int w = 0; w < kMaxExperts / 32; ++w) {
    if (w < warp) {
      before.x += ofWarps[w].x;
      before.y += ofWarps[w].y;
    }
    totals->x += ofWarps[w].x;
    totals->y += ofWarps[w].y;
  }
  return before;
}

// Grid 8, one cluster, block 1024, dynamic shared memory: an int for each pair of ceil(T / 8) tokens, then 32 * experts floats if there are groups.
template <int PER_LANE>
DEVICE void routeAndGroup(const float* logits, int* ids, float* weights, int* groups, RouteShape shape, int itemSlots, int maxItems) {
  extern __shared__ int pairs[];  // expert << 16 | rank among the block's pairs of that expert; -1: none
  __shared__ int count[kMaxExperts], first[kMaxExperts];
  __shared__ int2 ofWarps[kMaxExperts / 32];
  cg::cluster_group cluster = cg::this_cluster();
  const int tid = threadIdx.x, lane = tid & 31, warp = tid >> 5, block = blockIdx.x;
  const int share = (shape.numTokens + kBlocks - 1) / kBlocks, begin = min(block * share, shape.numTokens);
  const int numTokens = min(share, shape.numTokens - begin);
  float* scores = reinterpret_cast<float*>(pairs + share * shape.topK) + warp * shape.experts;
  if (tid < kMaxExperts) count[tid] = 0;
  __syncthreads();
  waitForPreviousKernel();
  letNextKernelStart();  // after the wait: what spreadRows reads early is then complete

  for (int token = warp; token < numTokens; token += kWarps) {
    int expert;
    float weight;
    routeToken<PER_LANE>(logits + (size_t)(begin + token) * shape.experts, shape, scores, &expert, &weight);
    if (lane < shape.topK) {
      const size_t pair = (size_t)(begin + token) * shape.topK + lane;
      ids[pair] = expert;
      weights[pair] = weight;
      const bool isExpert = (unsigned)expert < (unsigned)shape.experts;
      pairs[token * shape.topK + lane] = isExpert ? expert << 16 | atomicAdd(&count[expert], 1) : -1;
    }
  }
  cluster.sync();
  int ofExpert = 0, ofEarlierBlocks = 0;
  if (tid < kMaxExperts) {
#pragma unroll
    for (int b = 0; b < kBlocks; ++b) {
      const int n = cluster.map_shared_rank(count, b)[tid];
      ofExpert += n;
      if (b < block) ofEarlierBlocks += n;
    }
  }
  cluster.sync();  // a block must not end while others read its memory

  const int ownItems = (ofExpert + itemSlots - 1) / itemSlots;
  int2 totals;
  const int2 before = sumsBefore(make_int2(ofExpert, ownItems), ofWarps, &totals);
  if (tid < kMaxExperts) first[tid] = before.x + ofEarlierBlocks;
  if (block == 0) {
    int4* items = reinterpret_cast<int4*>(groups + 4);
    for (int i = 0; i < ownItems; ++i)
      items[before.y + i] = make_int4(tid, before.x + i * itemSlots, min(itemSlots, ofExpert - i * itemSlots), 0);
    if (tid == 0) {
      groups[0] = totals.y;
      groups[1] = totals.x;
    }
  }
  __syncthreads();
  int* pairOfSlot = groups + 4 + 4 * maxItems;
  int* slotOfPair = pairOfSlot + shape.numTokens * shape.topK;
  for (int i = tid; i < numTokens * shape.topK; i += kThreads) {
    const int pair = begin * shape.topK + i, slot = pairs[i] < 0 ? -1 : first[pairs[i] >> 16] + (pairs[i] & 0xffff);
    slotOfPair[pair] = slot;
    if (slot >= 0) pairOfSlot[slot] = pair;
  }
}

// Eight neighbouring elements as f16. Past L1, which belongs to no kernel that is still running.
template <typename T>
DEVICE uint4 loadAsHalves(const T* from) {
  uint4 v = __ldcg(reinterpret_cast<const uint4*>(from));
#pragma unroll
  for (int j = 0; j < 4; ++j) {
    const float2 pair = Pair<T>::unpack((&v.x)[j]);
    (&v.x)[j] = Pair<__half>::pack(pair.x, pair.y);
  }
  return v;
}

// Grid T, block 256; hidden is a multiple of 256: a token's row into the slots of its pairs. slotOfPair: the end of groups.
// Launched behind routeAndGroup, which does not write x, so that its first part is loaded before that has ended.
template <typename T>
DEVICE void spreadRows(const T* x, const int* slotOfPair, __half* rows, int topK, int hidden) {
  const int token = blockIdx.x, lane = threadIdx.x & 31;
  x += (size_t)token * hidden;
  int column = threadIdx.x * 8;
  uint4 v = make_uint4(0, 0, 0, 0);
  if (column < hidden) v = loadAsHalves(x + column);
  waitForPreviousKernel();
  const int ownSlot = lane < topK ? slotOfPair[token * topK + lane] : -1;
  while (column < hidden) {
    for (int k = 0; k < topK; ++k) {
      const int slot = __shfl_sync(~0u, ownSlot, k);
      if (slot >= 0) *reinterpret_cast<uint4*>(rows + (size_t)slot * hidden + column) = v;
    }
    column += 256 * 8;
    if (column < hidden) v = loadAsHalves(x + column);
  }
}

// EXPERTS: how many there can be.
#define DEFINE_ROUTE(EXPERTS)                                                                                         \
  extern "C" __global__ void __cluster_dims__(kBlocks, 1, 1) __launch_bounds__(kThreads, 1) routeAndGroup_##EXPERTS(   \
      const float* logits, int* ids, float* weights, int* groups, RouteShape shape, int itemSlots, int maxItems) {    \
    routeAndGroup<EXPERTS / 32>(logits, ids, weights, groups, shape, itemSlots, maxItems);                            \
  }
DEFINE_ROUTE(64)
DEFINE_ROUTE(256)

#define DEFINE(SUFFIX, T)                                                                                             \
  extern "C" __global__ void __launch_bounds__(256) spreadRows_##SUFFIX(const T* x, const int* slotOfPair, __half* rows, \
                                                                        int topK, int hidden) {                       \
    spreadRows<T>(x, slotOfPair, rows, topK, hidden);                                                                 \
  }
DEFINE(f16, __half)
DEFINE(bf16, __nv_bfloat16)

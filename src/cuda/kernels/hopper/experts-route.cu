// Routing and grouping for experts-grouped.cu in one kernel, and the tokens' rows for its first product. For steps of few tokens, where three
// launches with little to do cost more than they compute.
//
// logits [T, experts] float, the router's
// ids, weights [T, choices], written: what portableRoute writes, bit for bit
// groups as experts-grouped.cu takes it, and behind it the slot of each pair, -1 where the expert is none. In which order the
//        pairs of an expert take its slots differs from run to run; no result depends on it.
// rows   [T * choices, hidden] f16, written by spreadRows: the tokens in the order of the slots
#include <cooperative_groups.h>

#include "experts-route.cuh"

namespace cg = cooperative_groups;

constexpr int kBlocks = 8;  // a cluster: each routes its share of the tokens, and all know what the others have counted
constexpr int kThreads = 512, kWarps = kThreads / 32;

// Grid 8, one cluster, block 512, dynamic shared memory: an int for each pair of ceil(T / 8) tokens, then 16 * experts floats if there are groups.
template <int PER_LANE>
DEVICE void routeAndGroup(const float* logits, int* ids, float* weights, int* groups, RouteShape shape, int itemSlots, int maxItems) {
  extern __shared__ int pairs[];  // expert << 16 | rank among the block's pairs of that expert; -1: none
  __shared__ int count[kMaxExperts], first[kMaxExperts];
  __shared__ int2 ofWarps[kMaxExperts / 32];
  cg::cluster_group cluster = cg::this_cluster();
  const int tid = threadIdx.x, lane = tid & 31, warp = tid >> 5, block = blockIdx.x;
  const int share = (shape.numTokens + kBlocks - 1) / kBlocks, begin = min(block * share, shape.numTokens);
  const int numTokens = min(share, shape.numTokens - begin), choices = shape.choices();
  float* scores = reinterpret_cast<float*>(pairs + share * choices) + warp * shape.experts;
  if (tid < kMaxExperts) count[tid] = 0;
  __syncthreads();
  waitForPreviousKernel();
  letNextKernelStart();  // after the wait: what spreadRows reads early is then complete

  for (int token = warp; token < numTokens; token += kWarps) {
    int expert;
    float weight;
    routeToken<PER_LANE>(logits + (size_t)(begin + token) * shape.experts, shape, scores, &expert, &weight);
    if (lane < choices) {
      const size_t pair = (size_t)(begin + token) * choices + lane;
      ids[pair] = expert;
      weights[pair] = weight;
      const bool isExpert = (unsigned)expert < (unsigned)shape.all();
      pairs[token * choices + lane] = isExpert ? expert << 16 | atomicAdd(&count[expert], 1) : -1;
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
  int* slotOfPair = pairOfSlot + shape.numTokens * choices;
  for (int i = tid; i < numTokens * choices; i += kThreads) {
    const int pair = begin * choices + i, slot = pairs[i] < 0 ? -1 : first[pairs[i] >> 16] + (pairs[i] & 0xffff);
    slotOfPair[pair] = slot;
    if (slot >= 0) pairOfSlot[slot] = pair;
  }
}

// Grid T, block 256; hidden is a multiple of 256: a token's row into the slots of its pairs. slotOfPair: the end of groups.
template <typename T>
DEVICE void spreadRows(const T* x, const int* slotOfPair, __half* rows, int choices, int hidden) {
  const int token = blockIdx.x, lane = threadIdx.x & 31;
  spreadRow(x + (size_t)token * hidden, rows, choices, hidden, [&]() { return lane < choices ? slotOfPair[token * choices + lane] : -1; });
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
                                                                        int choices, int hidden) {                       \
    spreadRows<T>(x, slotOfPair, rows, choices, hidden);                                                                 \
  }
DEFINE(f16, __half)
DEFINE(bf16, __nv_bfloat16)

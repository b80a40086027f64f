// Routing and grouping for experts-grouped.cu, and the tokens' rows for its first product, where many tokens are spread over the whole GPU.
//
// logits, ids, weights, groups, rows: as in experts-route.cu, but that between the first and the last kernel the slot of each pair is
//        expert << 16 | rank among the pairs of its part and expert; -1: none
// counts [kParts, all]: pairs of each part and expert, then the slot of the first of them
#include "experts-route.cuh"

constexpr int kParts = 64;  // of the tokens, one a block
constexpr int kThreads = 1024, kWarps = kThreads / 32;

DEVICE int tokensOfPart(int numTokens) { return (numTokens + kParts - 1) / kParts; }

// Grid kParts, block 1024, dynamic shared memory: 32 * experts floats if there are groups.
template <int PER_LANE>
DEVICE void routePart(const float* logits, int* ids, float* weights, int* slotOfPair, int* counts, RouteShape shape) {
  extern __shared__ float allScores[];
  __shared__ int count[kMaxExperts];
  const int tid = threadIdx.x, lane = tid & 31, warp = tid >> 5;
  const int share = tokensOfPart(shape.numTokens), end = min((blockIdx.x + 1) * share, shape.numTokens);
  if (tid < kMaxExperts) count[tid] = 0;
  __syncthreads();
  waitForPreviousKernel();
  letNextKernelStart();
  for (int token = blockIdx.x * share + warp; token < end; token += kWarps) {
    int expert;
    float weight;
    routeToken<PER_LANE>(logits + (size_t)token * shape.experts, shape, allScores + warp * shape.experts, &expert, &weight);
    if (lane < shape.choices()) {
      const size_t pair = (size_t)token * shape.choices() + lane;
      ids[pair] = expert;
      weights[pair] = weight;
      const bool isExpert = (unsigned)expert < (unsigned)shape.all();
      slotOfPair[pair] = isExpert ? expert << 16 | atomicAdd(&count[expert], 1) : -1;
    }
  }
  __syncthreads();
  if (tid < shape.all()) counts[blockIdx.x * shape.all() + tid] = count[tid];
}

// One block of 1024 threads: the items, and where the pairs of each part begin. experts: all.
extern "C" __global__ void __launch_bounds__(kThreads, 1) placeParts(int* counts, int* groups, int experts, int itemSlots) {
  __shared__ int2 ofWarps[kMaxExperts / 32];
  const int tid = threadIdx.x;
  waitForPreviousKernel();
  letNextKernelStart();  // after the wait: what spreadParts reads early is then complete
  int ofExpert = 0;
  if (tid < experts) {
#pragma unroll 16
    for (int part = 0; part < kParts; ++part) ofExpert += __ldcg(counts + part * experts + tid);
  }
  const int ownItems = (ofExpert + itemSlots - 1) / itemSlots;
  int2 totals;
  const int2 before = sumsBefore(make_int2(ofExpert, ownItems), ofWarps, &totals);
  int4* items = reinterpret_cast<int4*>(groups + 4);
  for (int i = 0; i < ownItems; ++i)
    items[before.y + i] = make_int4(tid, before.x + i * itemSlots, min(itemSlots, ofExpert - i * itemSlots), 0);
  if (tid == 0) {
    groups[0] = totals.y;
    groups[1] = totals.x;
  }
  if (tid < experts) {
    int first = before.x;
#pragma unroll 16
    for (int part = 0; part < kParts; ++part) {
      const int own = __ldcg(counts + part * experts + tid);
      counts[part * experts + tid] = first;
      first += own;
    }
  }
}

// Grid T, block 256; hidden is a multiple of 256: a token's row into the slots of its pairs, and slots and pairs into groups.
template <typename T>
DEVICE void spreadParts(const T* x, const int* counts, int* pairOfSlot, int* slotOfPair, __half* rows, int choices, int hidden, int experts) {
  const int token = blockIdx.x, lane = threadIdx.x & 31;
  spreadRow(x + (size_t)token * hidden, rows, choices, hidden, [&]() {
    const int pair = token * choices + lane, place = lane < choices ? __ldcg(slotOfPair + pair) : -1;
    int ownSlot = -1;
    if (place >= 0) ownSlot = __ldcg(counts + token / tokensOfPart(gridDim.x) * experts + (place >> 16)) + (place & 0xffff);
    __syncthreads();  // all warps have read the place
    if (place >= 0 && threadIdx.x < 32) {
      slotOfPair[pair] = ownSlot;
      pairOfSlot[ownSlot] = pair;
    }
    return ownSlot;
  });
}

// EXPERTS: how many there can be.
#define DEFINE_ROUTE(EXPERTS)                                                                                         \
  extern "C" __global__ void __launch_bounds__(kThreads, 1) routePart_##EXPERTS(                                       \
      const float* logits, int* ids, float* weights, int* slotOfPair, int* counts, RouteShape shape) {                \
    routePart<EXPERTS / 32>(logits, ids, weights, slotOfPair, counts, shape);                                         \
  }
DEFINE_ROUTE(64)
DEFINE_ROUTE(256)

#define DEFINE(SUFFIX, T)                                                                                             \
  extern "C" __global__ void __launch_bounds__(256) spreadParts_##SUFFIX(                                             \
      const T* x, const int* counts, int* pairOfSlot, int* slotOfPair, __half* rows, int choices, int hidden, int experts) { \
    spreadParts<T>(x, counts, pairOfSlot, slotOfPair, rows, choices, hidden, experts);                                   \
  }
DEFINE(f16, __half)
DEFINE(bf16, __nv_bfloat16)

// The router's logits, of any number of experts and width: float weights times x, summed in float.
//
// x [T, hidden]; weights [experts, hidden] float; logits [T, experts] float, written
//
// Lanes lie along hidden and a warp computes a tile of TOKENS x EXPERTS logits, so that everything it loads is used TOKENS or EXPERTS
// times. A row is summed in quarters: every fourth stretch of columns that a warp takes at once. All kernels add in the same order, so that a
// logit depends neither on the tile nor on the other tokens.
#include "vector.cuh"

constexpr int kQuarters = 4;

// The sums of one quarter over this lane's columns.
template <typename T, int N, int TOKENS, int EXPERTS>
DEVICE void addQuarter(const T* x, int lastToken, const float* weights, int lastExpert, int hidden, int quarter, float (&sums)[TOKENS * EXPERTS]) {
#pragma unroll
  for (int i = 0; i < TOKENS * EXPERTS; ++i) sums[i] = 0.f;
#pragma unroll 1
  for (int column = (quarter * 32 + (threadIdx.x & 31)) * N; column < hidden; column += kQuarters * 32 * N) {
    float values[TOKENS][N];
#pragma unroll
    for (int t = 0; t < TOKENS; ++t) load(x + min(t, lastToken) * hidden + column, values[t]);
#pragma unroll
    for (int e = 0; e < EXPERTS; ++e) {
      float weight[N];
      load(weights + min(e, lastExpert) * hidden + column, weight);
#pragma unroll
      for (int t = 0; t < TOKENS; ++t) {
#pragma unroll
        for (int j = 0; j < N; ++j) sums[t * EXPERTS + e] = fmaf(values[t][j], weight[j], sums[t * EXPERTS + e]);
      }
    }
  }
}

// Lane l ends with the sums from l * COUNT / 32 on, in values[0] and, where COUNT is 64, values[1].
template <int COUNT>
DEVICE void sumOverWarp(float (&values)[COUNT]) { sumOverLanes<COUNT, 16, 1>(values); }

// Few tokens: a tile is one block, each of its four warps takes a quarter. Grid (ceil(T / TOKENS), ceil(experts / EXPERTS)), block 128.
template <typename T, int N, int TOKENS, int EXPERTS>
DEVICE void routerLogitsTile(const T* x, const float* weights, float* logits, int numTokens, int experts, int hidden) {
  constexpr int COUNT = TOKENS * EXPERTS, HELD = COUNT < 32 ? 1 : COUNT / 32, SHARING = COUNT < 32 ? 32 / COUNT : 1;
  __shared__ float partial[kQuarters][COUNT];
  const int token = blockIdx.x * TOKENS, expert = blockIdx.y * EXPERTS, lane = threadIdx.x & 31, quarter = threadIdx.x >> 5;
  const int lastToken = min(TOKENS, numTokens - token) - 1, lastExpert = min(EXPERTS, experts - expert) - 1;
  weights += (size_t)expert * hidden;
  allowNext();
  for (int i = threadIdx.x * 32; i < (lastExpert + 1) * hidden; i += 128 * 32) prefetch(weights + i);
  awaitPrevious();
  float sums[COUNT];
  addQuarter<T, N, TOKENS, EXPERTS>(x + (size_t)token * hidden, lastToken, weights, lastExpert, hidden, quarter, sums);
  sumOverWarp(sums);
  if (lane % SHARING == 0) {
#pragma unroll
    for (int i = 0; i < HELD; ++i) partial[quarter][lane * COUNT / 32 + i] = sums[i];
  }
  __syncthreads();
  const int t = threadIdx.x / EXPERTS, e = threadIdx.x % EXPERTS;
  if (threadIdx.x >= COUNT || t > lastToken || e > lastExpert) return;
  float sum = 0.f;
#pragma unroll
  for (int q = 0; q < kQuarters; ++q) sum += partial[q][threadIdx.x];
  logits[(size_t)(token + t) * experts + expert + e] = sum;
}

constexpr int kStretch = 32 * 4;  // columns that a warp takes at once
constexpr int kRows = 32;         // tokens, and experts, of a block of the kernel for many
constexpr int kThreadsForMany = 512;

// The stretch that follows in the order of the sums; beyond the row after the last.
DEVICE int nextStretch(int column, int hidden) {
  if (column >= hidden || column + kQuarters * kStretch < hidden) return column + kQuarters * kStretch;
  const int quarter = column / kStretch % kQuarters + 1;
  return quarter < kQuarters ? quarter * kStretch : hidden;
}

// A stretch of 32 rows to shared memory; rows beyond the last repeat it, columns beyond the row are 0. 16 bytes an access.
template <typename T>
DEVICE void copyStretch(unsigned to, const T* from, int lastRow, int column, int hidden) {
  constexpr int ELEMENTS = 16 / sizeof(T), ACCESSES = kStretch / ELEMENTS, ROWS = kThreadsForMany / ACCESSES;
  const int at = column + threadIdx.x % ACCESSES * ELEMENTS, bytes = at < hidden ? 16 : 0;
#pragma unroll
  for (int row = 0; row < kRows; row += ROWS) {
    const T* source = from + (min(row + (int)threadIdx.x / ACCESSES, lastRow) * hidden + (bytes > 0 ? at : 0));
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
                 ::"r"(to + row * kStretch * (int)sizeof(T) + threadIdx.x * 16), "l"(source), "r"(bytes) : "memory");
  }
}

// Many tokens: 16 warps with a tile of 8 x 8 each, so that what a block reads serves 32 tokens and 32 experts. hidden is a multiple of 8.
// Grid (ceil(T / 32), ceil(experts / 32)), block 512, dynamic shared memory 3 * 32 * 128 * (4 + the size of an element of x).
template <typename T>
DEVICE void routerLogitsBlock(const T* x, const float* weights, float* logits, int numTokens, int experts, int hidden) {
  constexpr int TILE = 8, WEIGHTS = kRows * kStretch * 4, STAGE = WEIGHTS + kRows * kStretch * (int)sizeof(T);
  extern __shared__ __align__(16) unsigned char stages[];  // of each, weights and then tokens
  const unsigned base = (unsigned)__cvta_generic_to_shared(stages);
  const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31;
  const int firstToken = blockIdx.x * kRows, firstExpert = blockIdx.y * kRows;
  const int lastToken = min(kRows, numTokens - firstToken) - 1, lastExpert = min(kRows, experts - firstExpert) - 1;
  x += (size_t)firstToken * hidden;
  weights += (size_t)firstExpert * hidden;
  allowNext();
  const int second = nextStretch(0, hidden);
  copyStretch(base, weights, lastExpert, 0, hidden);
  copyStretch(base + STAGE, weights, lastExpert, second, hidden);
  awaitPrevious();
  copyStretch(base + WEIGHTS, x, lastToken, 0, hidden);
  asm volatile("cp.async.commit_group;");
  copyStretch(base + STAGE + WEIGHTS, x, lastToken, second, hidden);
  asm volatile("cp.async.commit_group;");

  float total[2] = {0.f, 0.f}, sums[TILE * TILE] = {};
  int stage = 0, ahead = nextStretch(second, hidden);
#pragma unroll 1
  for (int column = 0; column < hidden;) {
    asm volatile("cp.async.wait_group 1;" ::: "memory");
    __syncthreads();
    const unsigned free = base + (stage == 0 ? 2 : stage - 1) * STAGE;
    if (ahead < hidden) {
      copyStretch(free, weights, lastExpert, ahead, hidden);
      copyStretch(free + WEIGHTS, x, lastToken, ahead, hidden);
    }
    ahead = nextStretch(ahead, hidden);
    asm volatile("cp.async.commit_group;");

    const float* ownWeights = reinterpret_cast<const float*>(stages + stage * STAGE) + warp % 4 * TILE * kStretch + lane * 4;
    const T* ownTokens = reinterpret_cast<const T*>(stages + stage * STAGE + WEIGHTS) + warp / 4 * TILE * kStretch + lane * 4;
    float values[TILE][4];
#pragma unroll
    for (int t = 0; t < TILE; ++t) load(ownTokens + t * kStretch, values[t]);
#pragma unroll
    for (int e = 0; e < TILE; ++e) {
      float weight[4];
      load(ownWeights + e * kStretch, weight);
#pragma unroll
      for (int j = 0; j < 4; ++j) {
#pragma unroll
        for (int t = 0; t < TILE; ++t) sums[t * TILE + e] = fmaf(values[t][j], weight[j], sums[t * TILE + e]);
      }
    }
    stage = stage == 2 ? 0 : stage + 1;
    const int next = nextStretch(column, hidden);
    if (next >= hidden || (next - column) % (kQuarters * kStretch) != 0) {  // a quarter ends
      sumOverWarp(sums);
      total[0] += sums[0];
      total[1] += sums[1];
#pragma unroll
      for (int i = 0; i < TILE * TILE; ++i) sums[i] = 0.f;
    }
    column = next;
  }
  const int t = warp / 4 * TILE + lane * 2 / TILE, e = warp % 4 * TILE + lane * 2 % TILE;
  float* to = logits + (size_t)(firstToken + t) * experts + firstExpert + e;
  if (t <= lastToken && e <= lastExpert) to[0] = total[0];
  if (t <= lastToken && e + 1 <= lastExpert) to[1] = total[1];
}

#define DEFINE_TILE(SUFFIX, T, N, TOKENS, EXPERTS)                                                                    \
  extern "C" __global__ void __launch_bounds__(128) routerLogits_##SUFFIX##_##TOKENS##x##EXPERTS(                      \
      const T* x, const float* weights, float* logits, int numTokens, int experts, int hidden) {                      \
    routerLogitsTile<T, N, TOKENS, EXPERTS>(x, weights, logits, numTokens, experts, hidden);                          \
  }
// 4 columns at a time; `any`: one.
#define DEFINE(SUFFIX, T)                                                                                             \
  DEFINE_TILE(SUFFIX##_any, T, 1, 1, 1)                                                                               \
  DEFINE_TILE(SUFFIX##_wide, T, 4, 1, 1)                                                                              \
  DEFINE_TILE(SUFFIX##_wide, T, 4, 8, 4)                                                                              \
  extern "C" __global__ void __launch_bounds__(512, 1) routerLogits_##SUFFIX##_wide_32x32(                             \
      const T* x, const float* weights, float* logits, int numTokens, int experts, int hidden) {                      \
    routerLogitsBlock<T>(x, weights, logits, numTokens, experts, hidden);                                          \
  }
FOR_EACH_ELEMENT(DEFINE)
#undef DEFINE
#undef DEFINE_TILE

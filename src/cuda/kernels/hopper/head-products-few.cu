// The products with W_UK and W_UV for 2 to some dozens of tokens, nope 128 and rank 512: what they cost is to wait, for the weights, then for the
// tokens. The weights of a warp, 16 columns times 128 of k, are asked for while the kernel ahead still runs and stay in registers; the tokens
// come into registers too, 16 at a time, 16 bytes an access. Any order of k is right as long as both operands share it, so a lane's 8
// neighbours of k are what the tensor cores take as 2 + 2 of a product and 2 + 2 of the next. Summed in float, rounded once.
//
// absorbKeys: q, from its address on heads * 128 values a row, `stride` from row to row; keys [heads, 128, 512]; absorbed [heads, T, 512], written
// expandValues: latents [heads, T, 512]; values [heads, v, 512]; rows [T, heads * v], written; v is a multiple of 16
//
// Addresses and strides are multiples of 16 bytes. Any number of blocks may share the tokens (gridDim.z). A token's result depends on that
// token alone: the same bits whatever shares the batch, and whatever the grid.
#include "primitives.cuh"

constexpr int kNope = 128, kRank = 512;
constexpr int kWarps = 4, kThreads = kWarps * 32;
constexpr int kTokens = 16, kColumns = 16;           // of a warp's product
constexpr int kDepth = 128, kWindows = kDepth / 32;  // of k in a warp's product; 32 of k are 16 bytes of each of four lanes
static_assert(kDepth == kNope && kDepth * kWarps == kRank, "a warp absorbs over all of nope, and expands over its quarter of rank");

// A lane's part of 16 tokens: 8 values of each window of rows lane / 4 and 8 further down.
struct Tokens {
  uint4 upper[kWindows], lower[kWindows];
  // Through L2: what the kernel before wrote is not in this SM's L1 cache, or in an old state. Beyond the last token: zeros.
  template <typename T> __device__ __forceinline__ void load(const T* from, size_t stride, int token, int numTokens, int lane) {
    token += lane >> 2;
    from += token * stride + (lane & 3) * 8;
#pragma unroll
    for (int i = 0; i < kWindows; ++i) {
      upper[i] = lower[i] = make_uint4(0, 0, 0, 0);
      if (token < numTokens) upper[i] = __ldcg(reinterpret_cast<const uint4*>(from + i * 32));
      if (token + 8 < numTokens) lower[i] = __ldcg(reinterpret_cast<const uint4*>(from + 8 * stride + i * 32));
    }
  }
};

// A lane's part of 16 columns of weights: of each 8 columns and window the same 8 values of k for column lane / 4.
typedef uint32_t Weights[2][kWindows][4];

// sums[h][j]: token lane / 4 (j < 2) or 8 further down, column 8 * h + 2 * (lane % 4) + j % 2.
template <typename T> DEVICE void multiply(float (&sums)[2][4], const Tokens& x, const Weights& w) {
  float part[2][2][4] = {};  // four chains, or the products would wait for each other
#pragma unroll
  for (int i = 0; i < kWindows; ++i) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const uint4 a = x.upper[i], b = x.lower[i];
      multiplyAdd(T(), part[h][0], a.x, b.x, a.y, b.y, w[h][i][0], w[h][i][1]);
      multiplyAdd(T(), part[h][1], a.z, b.z, a.w, b.w, w[h][i][2], w[h][i][3]);
    }
  }
#pragma unroll
  for (int h = 0; h < 2; ++h) {
#pragma unroll
    for (int j = 0; j < 4; ++j) sums[h][j] = part[h][0][j] + part[h][1][j];
  }
}

// Rounds 16 tokens' 16 columns and stores them, `to` being where those of the first token belong. Four neighbouring lanes hold four words
// each, of two tokens and twice 8 columns: exchanged, each has 16 bytes in one piece.
template <typename T> DEVICE void storeTokens(const float (&sums)[2][4], T* to, size_t stride, int token, int numTokens, int lane) {
  uint32_t w[4];  // upper token: first and second 8 columns; lower token
#pragma unroll
  for (int i = 0; i < 4; ++i) w[i] = Pair<T>::pack(sums[i % 2][i / 2 * 2], sums[i % 2][i / 2 * 2 + 1]);
  const bool odd = lane & 1, high = lane & 2;
  const uint32_t a = __shfl_xor_sync(~0u, odd ? w[0] : w[1], 1), b = __shfl_xor_sync(~0u, odd ? w[2] : w[3], 1);
  const uint2 upper = odd ? make_uint2(a, w[1]) : make_uint2(w[0], a), lower = odd ? make_uint2(b, w[3]) : make_uint2(w[2], b);
  const uint32_t c = __shfl_xor_sync(~0u, high ? upper.x : lower.x, 2), d = __shfl_xor_sync(~0u, high ? upper.y : lower.y, 2);
  const int own = (lane >> 2) + (high ? 8 : 0);
  if (token + own >= numTokens) return;
  *reinterpret_cast<uint4*>(to + own * stride + (odd ? 8 : 0)) = high ? make_uint4(c, d, lower.x, lower.y) : make_uint4(upper.x, upper.y, c, d);
}

// This block's tokens, 16 at a time, the next ones on their way; `take` gets their number and the first of them. By all threads.
template <typename T, typename Between, typename Take>
DEVICE void forEachTokens(const T* from, size_t stride, int numTokens, int lane, Between between, Take take) {
  const int step = gridDim.z * kTokens;
  Tokens next;
  next.load(from, stride, blockIdx.z * kTokens, numTokens, lane);
  between();
  for (int token = blockIdx.z * kTokens, turn = 0; token < numTokens; token += step, ++turn) {
    const Tokens x = next;
    if (token + step < numTokens) next.load(from, stride, token + step, numTokens, lane);
    take(x, token, turn);
  }
}

// Grid (512 / 64, heads, any), 128 threads: a warp takes 16 of the block's 64 columns, over all of k.
template <typename T> DEVICE void absorbKeys(const T* q, const T* keys, T* absorbed, int numTokens, int stride) {
  constexpr int BLOCK_COLUMNS = kWarps * kColumns, CHUNKS = BLOCK_COLUMNS / 8, ROWS = kThreads / CHUNKS, HELD = kNope / ROWS;
  __shared__ __align__(128) uint8_t shared[kNope * BLOCK_COLUMNS * 2];
  const int head = blockIdx.y, column = blockIdx.x * BLOCK_COLUMNS, tid = threadIdx.x, warp = tid >> 5, lane = tid & 31;
  // Weights lie k by k. A product's 8 rows of k are 0 1, 8 9, 16 17, 24 25 of a window, or 2, 4 or 6 further down: their chunks of
  // 16 bytes are in places of their own.
  const auto placeOf = [&](int row, int chunk) {
    return sharedAddress(shared) + row * (BLOCK_COLUMNS * 2) + (chunk ^ ((row >> 3 & 3) * 2 + (row & 1))) * 16;
  };
  const T* from = keys + ((size_t)head * kNope + tid / CHUNKS) * kRank + column + tid % CHUNKS * 8;
  uint4 held[HELD];
#pragma unroll
  for (int i = 0; i < HELD; ++i) held[i] = *reinterpret_cast<const uint4*>(from + i * ROWS * kRank);
  waitForPreviousKernel();
  letNextKernelStart();  // after the wait: what attention reads early, the step's plan, is then complete
  Weights w;
  const auto takeWeights = [&]() {  // while the tokens are on their way
#pragma unroll
    for (int i = 0; i < HELD; ++i) storeShared16(placeOf(tid / CHUNKS + i * ROWS, tid % CHUNKS), held[i]);
    __syncthreads();
    const int row = (lane >> 1 & 3) * 8 + (lane & 1) + (lane >> 3) * 2;
#pragma unroll
    for (int h = 0; h < 2; ++h) {
#pragma unroll
      for (int i = 0; i < kWindows; ++i) loadMatrix4Transposed(w[h][i], placeOf(i * 32 + row, warp * 2 + h));
    }
  };
  T* to = absorbed + (size_t)head * numTokens * kRank + column + warp * kColumns;
  forEachTokens(q + head * kNope, stride, numTokens, lane, takeWeights, [&](const Tokens& x, int token, int) {
    float sums[2][4];
    multiply<T>(sums, x, w);
    storeTokens(sums, to + (size_t)token * kRank, kRank, token, numTokens, lane);
  });
}

// Grid (v / 16, heads, any), 128 threads: a warp takes a quarter of k. The four sums are added in order, by each warp in turn.
template <typename T> DEVICE void expandValues(const T* latents, const T* values, T* rows, int numTokens, int width) {
  __shared__ float4 partial[2][kWarps][2][32];  // of two turns: one is read while the next is written
  const int head = blockIdx.y, column = blockIdx.x * kColumns, warp = threadIdx.x >> 5, lane = threadIdx.x & 31;
  const T* from = values + ((size_t)head * width + column + (lane >> 2)) * kRank + warp * kDepth + (lane & 3) * 8;
  Weights w;
#pragma unroll
  for (int h = 0; h < 2; ++h) {
#pragma unroll
    for (int i = 0; i < kWindows; ++i) *reinterpret_cast<uint4*>(w[h][i]) = *reinterpret_cast<const uint4*>(from + h * 8 * kRank + i * 32);
  }
  letNextKernelStart();  // at once: what is launched early behind it waits before it reads anything but weights
  waitForPreviousKernel();
  const size_t stride = (size_t)gridDim.y * width;
  T* to = rows + (size_t)head * width + column;
  const T* own = latents + (size_t)head * numTokens * kRank + warp * kDepth;
  forEachTokens(own, kRank, numTokens, lane, [] {}, [&](const Tokens& x, int token, int turn) {
    float sums[2][4];
    multiply<T>(sums, x, w);
    float4(&shares)[kWarps][2][32] = partial[turn % 2];
#pragma unroll
    for (int h = 0; h < 2; ++h) shares[warp][h][lane] = make_float4(sums[h][0], sums[h][1], sums[h][2], sums[h][3]);
    __syncthreads();
    if (warp != turn % kWarps) return;
#pragma unroll
    for (int h = 0; h < 2; ++h) {
#pragma unroll
      for (int k = 0; k < kWarps; ++k) {
        const float4 share = shares[k][h][lane];
#pragma unroll
        for (int j = 0; j < 4; ++j) sums[h][j] = (k == 0 ? 0.f : sums[h][j]) + (&share.x)[j];
      }
    }
    storeTokens(sums, to + token * stride, stride, token, numTokens, lane);
  });
}

#define DEFINE(SUFFIX, T)                                                                                             \
  extern "C" __global__ void __launch_bounds__(kThreads) absorbKeysFew_##SUFFIX(const T* q, const T* keys, T* absorbed, \
                                                                                int numTokens, int stride) {          \
    absorbKeys<T>(q, keys, absorbed, numTokens, stride);                                                              \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(kThreads) expandValuesFew_##SUFFIX(const T* latents, const T* values,    \
                                                                                  T* rows, int numTokens, int width) { \
    expandValues<T>(latents, values, rows, numTokens, width);                                                         \
  }
DEFINE(f16, __half)
DEFINE(bf16, __nv_bfloat16)

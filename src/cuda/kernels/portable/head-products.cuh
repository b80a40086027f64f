// The products with W_UK and W_UV for one token: what they cost is to read the weights, which starts before the predecessor has ended.
// Summed in float.
//
// absorbKeys: q, from its address on heads * nope values; keys [heads, nope, rank]; absorbed [heads, rank], written
// expandValues: latents [heads, rank]; values [heads, v, rank]; row [heads * v], written
#include "vector.cuh"

// Grid (rank / 64, heads), block 256. Threads of eight lie along 64 columns of a weight row, and 32 of these groups along nope.
template <typename T>
DEVICE void absorbKeys(const T* q, const T* keys, T* absorbed, int nope, int rank) {
  constexpr int WARPS = 8, ROWS = 4;
  __shared__ float partial[WARPS][8][8];
  const int head = blockIdx.y, group = threadIdx.x >> 3, eighth = threadIdx.x & 7, lane = threadIdx.x & 31;
  const T* weights = keys + (size_t)head * nope * rank + blockIdx.x * 64 + eighth * 8;
  q += head * nope;
  uint4 held[ROWS];
  const auto loadRows = [&](int first) {
#pragma unroll
    for (int i = 0; i < ROWS; ++i) {
      if (first + 32 * i < nope) held[i] = *reinterpret_cast<const uint4*>(weights + (size_t)(first + 32 * i) * rank);
    }
  };
  allowNext();
  loadRows(group);
  awaitPrevious();
  float sums[8] = {};
  for (int first = group; first < nope; first += 32 * ROWS) {
    if (first != group) loadRows(first);
#pragma unroll
    for (int i = 0; i < ROWS; ++i) {
      const int n = first + 32 * i;
      if (n >= nope) break;
      const float value = toFloat(q[n]);
      float weight[8];
      unpack(held[i], weight, keys);
#pragma unroll
      for (int j = 0; j < 8; ++j) sums[j] = fmaf(value, weight[j], sums[j]);
    }
  }
  sumOverLanes<8, 16, 8>(sums);  // over the warp's four groups; each keeps two columns
  const int from = (lane >> 3 & 1) * 2 + (lane >> 4) * 4;
  partial[threadIdx.x >> 5][from][eighth] = sums[0];
  partial[threadIdx.x >> 5][from + 1][eighth] = sums[1];
  __syncthreads();
  const int column = threadIdx.x;
  if (column >= 64) return;
  float sum = 0.f;
#pragma unroll
  for (int w = 0; w < WARPS; ++w) sum += partial[w][column % 8][column / 8];
  absorbed[(size_t)head * rank + blockIdx.x * 64 + column] = fromFloat<T>(sum);
}

// Grid (ceil(v / 16), heads), block 256: a warp takes two rows of the weights. rank is a multiple of 8.
template <typename T>
DEVICE void expandValues(const T* latents, const T* values, T* row, int width, int rank) {
  constexpr int PARTS = 2;
  const int head = blockIdx.y, lane = threadIdx.x & 31, first = blockIdx.x * 16 + (threadIdx.x >> 5) * 2;
  const T* weights = values + ((size_t)head * width + min(first, width - 1)) * rank;
  const size_t second = first + 1 < width ? rank : 0;
  latents += (size_t)head * rank;
  uint4 held[2][PARTS];
  const auto loadParts = [&](int begin) {
#pragma unroll
    for (int i = 0; i < PARTS; ++i) {
      if (begin + 256 * i >= rank) continue;
      held[0][i] = *reinterpret_cast<const uint4*>(weights + begin + 256 * i);
      held[1][i] = *reinterpret_cast<const uint4*>(weights + second + begin + 256 * i);
    }
  };
  allowNext();
  loadParts(lane * 8);
  awaitPrevious();
  float sums[2] = {};
  for (int begin = lane * 8; begin < rank; begin += 256 * PARTS) {
    if (begin != lane * 8) loadParts(begin);
#pragma unroll
    for (int i = 0; i < PARTS; ++i) {
      if (begin + 256 * i >= rank) break;
      float value[8], weight[8];
      load(latents + begin + 256 * i, value);
#pragma unroll
      for (int r = 0; r < 2; ++r) {
        unpack(held[r][i], weight, values);
#pragma unroll
        for (int j = 0; j < 8; ++j) sums[r] = fmaf(value[j], weight[j], sums[r]);
      }
    }
  }
  sumOverLanes<2, 16, 1>(sums);  // half of the warp keeps the first row, the other half the second
  const int own = first + (lane >> 4);
  if (lane % 16 == 0 && own < width) row[(size_t)head * width + own] = fromFloat<T>(sums[0]);
}

#define DEFINE(SUFFIX, T)                                                                                             \
  extern "C" __global__ void __launch_bounds__(256) absorbKeys_##SUFFIX(const T* q, const T* keys, T* absorbed, int nope, \
                                                                        int rank) {                                   \
    absorbKeys<T>(q, keys, absorbed, nope, rank);                                                                     \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(256) expandValues_##SUFFIX(const T* latents, const T* values, T* row,   \
                                                                          int width, int rank) {                      \
    expandValues<T>(latents, values, row, width, rank);                                                               \
  }
DEFINE(f16, __half)
DEFINE(bf16, __nv_bfloat16)
#undef DEFINE

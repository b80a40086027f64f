// The RMS norm of a row that a block holds.
#pragma once
#include "vector.cuh"

// What a row is multiplied with: of the block's `squares`, the sums of its threads.
DEVICE float normScale(float squares, int width, float epsilon) {
  __shared__ float partial[32];
  squares = warpSum(squares);
  if ((threadIdx.x & 31) == 0) partial[threadIdx.x >> 5] = squares;
  __syncthreads();
  const int lane = threadIdx.x & 31;
  squares = warpSum(lane < blockDim.x / 32 ? partial[lane] : 0.f);
  return rsqrtf(squares / width + epsilon);
}

template <int N, typename T>
DEVICE void storeNormed(T* to, const float (&values)[N], const T* weight, float scale) {
  float normed[N];
  load(weight, normed);
#pragma unroll
  for (int j = 0; j < N; ++j) normed[j] *= values[j] * scale;
  storeRounded(to, normed);
}

// The residual stream's next value and its RMS norm, of any width.
//
// residual, x, second [T, hidden]; second may be 0; weight [hidden]
// sum    [T, hidden], written: residual + x + second, added in float and rounded once
// normed [T, hidden], written: the norm of `sum` as it was rounded (HF DeepseekV2DecoderLayer keeps its stream in the model's type, and
//        DeepseekV2RMSNorm reads that), times weight, in float and rounded once. HF rounds before it multiplies by the weight as well.
//
// Grid T, any whole number of warps. A row's result does not depend on the others.
#include "vector.cuh"

template <typename T, int N>
DEVICE void addNorm(const T* residual, const T* weight, const T* x, const T* second, T* normed, T* sum, int hidden, float epsilon) {
  __shared__ float partial[32];
  const int begin = threadIdx.x * N, stride = blockDim.x * N;
  allowNext();
  awaitPrevious();
  const size_t row = (size_t)blockIdx.x * hidden;
  residual += row;
  x += row;
  second = second == nullptr ? nullptr : second + row;
  normed += row;
  sum += row;
  float value[N], other[N], squares = 0.f;
  for (int i = begin; i < hidden; i += stride) {
    load(residual + i, value);
    load(x + i, other);
#pragma unroll
    for (int j = 0; j < N; ++j) value[j] += other[j];
    if (second != nullptr) {
      load(second + i, other);
#pragma unroll
      for (int j = 0; j < N; ++j) value[j] += other[j];
    }
    storeRounded(sum + i, value);
#pragma unroll
    for (int j = 0; j < N; ++j) squares += value[j] * value[j];
  }
  squares = warpSum(squares);
  if ((threadIdx.x & 31) == 0) partial[threadIdx.x >> 5] = squares;
  __syncthreads();
  const int lane = threadIdx.x & 31;
  squares = warpSum(lane < blockDim.x / 32 ? partial[lane] : 0.f);
  const float scale = rsqrtf(squares / hidden + epsilon);
  for (int i = begin; i < hidden; i += stride) {
    if (hidden > stride) load(sum + i, value);  // written by this thread; otherwise still held
    load(weight + i, other);
#pragma unroll
    for (int j = 0; j < N; ++j) other[j] *= value[j] * scale;
    storeRounded(normed + i, other);
  }
}

#define DEFINE(SUFFIX, T, N)                                                                                          \
  extern "C" __global__ void __launch_bounds__(1024) addNorm_##SUFFIX(                                                 \
      const T* residual, const T* weight, const T* x, const T* second, T* normed, T* sum, int hidden, float epsilon) { \
    addNorm<T, N>(residual, weight, x, second, normed, sum, hidden, epsilon);                                         \
  }
FOR_EACH_ACCESS(DEFINE)
#undef DEFINE

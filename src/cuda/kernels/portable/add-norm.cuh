// The residual stream's next value and its RMS norm, of any width.
//
// residual, x, second [T, hidden]; second may be 0; weight [hidden]
// sum    [T, hidden], written: residual + x + second, added in float and rounded once
// normed [T, hidden], written: the norm of `sum` as it was rounded (HF DeepseekV2DecoderLayer keeps its stream in the model's type, and
//        DeepseekV2RMSNorm reads that), times weight, in float and rounded once. HF rounds before it multiplies by the weight as well.
//
// Grid T, any whole number of warps. A row's result does not depend on the others.
#include "row-norm.cuh"

template <typename T, int N>
DEVICE void addNorm(const T* residual, const T* weight, const T* x, const T* second, T* normed, T* sum, int hidden, float epsilon) {
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
  const float scale = normScale(squares, hidden, epsilon);
  for (int i = begin; i < hidden; i += stride) {
    if (hidden > stride) load(sum + i, value);  // written by this thread; otherwise still held
    storeNormed(normed + i, value, weight + i, scale);
  }
}

// The RMS norm of some columns of each row: x [T, *], `stride` elements from row to row, normed [T, width], rounded once.
template <typename T, int N>
DEVICE void rmsNorm(const T* x, const T* weight, T* normed, int stride, int width, float epsilon) {
  const int begin = threadIdx.x * N, step = blockDim.x * N;
  allowNext();
  awaitPrevious();
  x += (size_t)blockIdx.x * stride;
  normed += (size_t)blockIdx.x * width;
  float value[N], squares = 0.f;
  for (int i = begin; i < width; i += step) {
    load(x + i, value);
#pragma unroll
    for (int j = 0; j < N; ++j) squares += value[j] * value[j];
  }
  const float scale = normScale(squares, width, epsilon);
  for (int i = begin; i < width; i += step) {
    if (width > step) load(x + i, value);
    storeNormed(normed + i, value, weight + i, scale);
  }
}

#define DEFINE(SUFFIX, T, N)                                                                                          \
  extern "C" __global__ void __launch_bounds__(1024) addNorm_##SUFFIX(                                                 \
      const T* residual, const T* weight, const T* x, const T* second, T* normed, T* sum, int hidden, float epsilon) { \
    addNorm<T, N>(residual, weight, x, second, normed, sum, hidden, epsilon);                                         \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(1024) rmsNorm_##SUFFIX(                                                 \
      const T* x, const T* weight, T* normed, int stride, int width, float epsilon) {                                 \
    rmsNorm<T, N>(x, weight, normed, stride, width, epsilon);                                                         \
  }
FOR_EACH_ACCESS(DEFINE)
#undef DEFINE

// silu(gate) * up, of any width, in float and rounded once.
//
// gateUp [T, 2 * width], gate first; h [T, width], written. Less than 2^32 values.
// Grid: a thread for every N values of h.
#include "vector.cuh"

template <typename T, int N>
DEVICE void swiGlu(const T* gateUp, T* h, int numTokens, int width) {
  allowNext();
  awaitPrevious();
  const unsigned rowAccesses = width / N, access = blockIdx.x * blockDim.x + threadIdx.x;
  if (access >= numTokens * rowAccesses) return;
  const unsigned token = access / rowAccesses, column = access % rowAccesses * N;
  const T* from = gateUp + (size_t)token * 2 * width + column;
  float gate[N], up[N];
  load(from, gate);
  load(from + width, up);
#pragma unroll
  for (int j = 0; j < N; ++j) up[j] *= gate[j] / (1.f + expf(-gate[j]));
  storeRounded(h + (size_t)token * width + column, up);
}

#define DEFINE(SUFFIX, T, N)                                                                                          \
  extern "C" __global__ void __launch_bounds__(256) swiGlu_##SUFFIX(const T* gateUp, T* h, int numTokens, int width) { \
    swiGlu<T, N>(gateUp, h, numTokens, width);                                                                        \
  }
FOR_EACH_ACCESS(DEFINE)
#undef DEFINE

// Element types of the model's stream: every kernel reads and writes them, and computes in float.
#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>

// Not static: names of shared memory would depend on where the source lies.
#define DEVICE __device__ __forceinline__

DEVICE float toFloat(float x) { return x; }
DEVICE float toFloat(__half x) { return __half2float(x); }
DEVICE float toFloat(__nv_bfloat16 x) { return __bfloat162float(x); }

template <typename T> DEVICE T fromFloat(float x);
template <> __device__ __forceinline__ float fromFloat<float>(float x) { return x; }
template <> __device__ __forceinline__ __half fromFloat<__half>(float x) { return __float2half_rn(x); }
template <> __device__ __forceinline__ __nv_bfloat16 fromFloat<__nv_bfloat16>(float x) { return __float2bfloat16_rn(x); }

DEVICE float warpSum(float x) {
  for (int step = 16; step > 0; step >>= 1) x += __shfl_xor_sync(~0u, x, step);
  return x;
}

DEVICE float warpMax(float x) {
  for (int step = 16; step > 0; step >>= 1) x = fmaxf(x, __shfl_xor_sync(~0u, x, step));
  return x;
}

// Defines the kernel `name` for each element type: name_f32, name_f16, name_bf16.
#define FOR_EACH_ELEMENT(DEFINE) DEFINE(f32, float) DEFINE(f16, __half) DEFINE(bf16, __nv_bfloat16)

// DeepSeekMoE's routed experts with int8 weights: experts.cu's two kernels (routing is the same), any sizes.
//
// A weight is (code - 128) * scale, with a scale for each block of 128 columns of a row; a row's last block may be shorter.
// gateUp   u8 [experts, 2 * inter, hidden], rows gate_0, up_0, gate_1, up_1, ...; gateUpScales f16 [experts, 2 * inter, ceil(hidden / 128)]
// down     u8 [experts, hidden, inter]; downScales f16 [experts, hidden, ceil(inter / 128)]
// The columns of every whole 16 of a row are stored in the order 0 1 8 9, 2 3 10 11, 4 5 12 13, 6 7 14 15 (packing/quantize-rows.ts).
#include <stdint.h>

#include "element.cuh"
#include "experts.cuh"

constexpr int kBlock = 128;  // columns that share a scale: four for each lane of a warp

// A row of weights times a vector, by one warp; every lane gets the result.
template <typename T>
DEVICE float dotOfCodes(const uint8_t* __restrict__ codes, const __half* __restrict__ scales, const T* __restrict__ values, int width) {
  const int lane = threadIdx.x & 31, wholeGroups = width & ~15;
  const bool hasWords = width % 4 == 0;  // rows begin at words
  float sum = 0.f;
  for (int begin = 0; begin < width; begin += kBlock) {
    const int at = begin + 4 * lane;
    float part = 0.f;
    if (at < width) {
      uint32_t word = 0;
      if (hasWords) word = *reinterpret_cast<const uint32_t*>(codes + at);
      else
        for (int j = 0; j < 4; ++j) word |= (at + j < width ? codes[at + j] : 0u) << 8 * j;
      const int group = at & ~15, first = group + (at & 12) / 2;
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        const int column = at < wholeGroups ? first + (j & 1) + (j & 2) * 4 : at + j;
        if (column < width) part += toFloat(values[column]) * ((int)(word >> 8 * j & 255u) - 128);
      }
    }
    sum += part * toFloat(scales[begin / kBlock]);
  }
  return warpSum(sum);
}

// Grid (T * topK, ceil(inter / 8)), block 256: one warp an intermediate value.
template <typename T>
DEVICE void expertUp(const T* x, const int* ids, const uint8_t* gateUp, const __half* scales, float* h, ExpertShape shape) {
  const int j = blockIdx.y * 8 + (threadIdx.x >> 5), slot = blockIdx.x, blocks = (shape.hidden + kBlock - 1) / kBlock;
  if (j >= shape.inter || (unsigned)ids[slot] >= (unsigned)shape.experts) return;
  x += (size_t)(slot / shape.topK) * shape.hidden;
  const size_t row = (size_t)ids[slot] * 2 * shape.inter + 2 * j;
  const float g = dotOfCodes(gateUp + row * shape.hidden, scales + row * blocks, x, shape.hidden);
  const float u = dotOfCodes(gateUp + (row + 1) * shape.hidden, scales + (row + 1) * blocks, x, shape.hidden);
  if ((threadIdx.x & 31) == 0) h[(size_t)slot * shape.inter + j] = g / (1.f + expf(-g)) * u;
}

// Grid (T, ceil(hidden / 8)), block 256: one warp an output value.
template <typename T>
DEVICE void expertDown(const float* h, const int* ids, const float* weights, const uint8_t* down, const __half* scales, T* y, ExpertShape shape) {
  const int i = blockIdx.y * 8 + (threadIdx.x >> 5), token = blockIdx.x, blocks = (shape.inter + kBlock - 1) / kBlock;
  if (i >= shape.hidden) return;
  float sum = 0.f;
  for (int k = 0; k < shape.topK; ++k) {
    const int slot = token * shape.topK + k;
    if ((unsigned)ids[slot] >= (unsigned)shape.experts) continue;
    const size_t row = (size_t)ids[slot] * shape.hidden + i;
    sum += weights[slot] * dotOfCodes(down + row * shape.inter, scales + row * blocks, h + (size_t)slot * shape.inter, shape.inter);
  }
  if ((threadIdx.x & 31) == 0) y[(size_t)token * shape.hidden + i] = fromFloat<T>(sum);
}

#define DEFINE(SUFFIX, T)                                                                                             \
  extern "C" __global__ void __launch_bounds__(256) portableInt8Up_##SUFFIX(                                           \
      const T* x, const int* ids, const uint8_t* gateUp, const __half* scales, float* h, ExpertShape shape) {         \
    expertUp<T>(x, ids, gateUp, scales, h, shape);                                                                    \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(256) portableInt8Down_##SUFFIX(                                         \
      const float* h, const int* ids, const float* weights, const uint8_t* down, const __half* scales, T* y,          \
      ExpertShape shape) {                                                                                            \
    expertDown<T>(h, ids, weights, down, scales, y, shape);                                                           \
  }
FOR_EACH_ELEMENT(DEFINE)

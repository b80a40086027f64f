// Latents in 8 bits. A row of such a pool (deepseek-v2/latent-row.ts says how long it is):
//   the latent, a byte each, padded to 4 bytes | a float scale for every 128 of its values | the rotated key in T | padding to 16 bytes
// What a byte means is the pool's Code: value = scale * code. A block's scale is its largest magnitude / the largest code, rounded up to a bf16: the
// product of two bf16 is exact in float, so that whoever multiplies in bf16 rounds once. A block that is not finite has a scale that is not, so that
// whatever reads it is not either.
#pragma once
#include "element.cuh"

constexpr int kScaleBlock = 128;
constexpr float kSmallestScale = 0x1p-100f;  // of a block of zeros: 0 / scale is 0

// 8-bit floats. toCode: to the nearest, ties to even, saturating.
struct E4m3 {
  static constexpr float kLargest = 448.f;
  // NaN to NaN. In integers, since cards before Ada have no instruction for it.
  static __device__ __forceinline__ unsigned char toCode(float x) {
    const unsigned sign = __float_as_uint(x) >> 24 & 0x80;
    if (x != x) return sign | 0x7f;
    const float magnitude = fminf(fabsf(x), kLargest);
    if (magnitude < 0x1p-6f) return sign | __float2int_rn(magnitude * 0x1p9f);
    const unsigned bits = __float_as_uint(magnitude);
    return sign | ((bits + 0x7ffff + (bits >> 20 & 1)) >> 20) - (120 << 3);
  }
  static __device__ __forceinline__ float fromCode(unsigned char x) {
    if ((x & 0x7f) == 0x7f) return NAN;
    return __half2float(__ushort_as_half((x & 0x80) << 8 | (x & 0x7f) << 7)) * 256.f;
  }
};

// Whole numbers from -127 to 127, stored with 128 for zero. toCode: to the nearest, ties to even, saturating; NaN to any.
struct Int8 {
  static constexpr float kLargest = 127.f;
  static __device__ __forceinline__ unsigned char toCode(float x) {
    return __float2int_rn(fminf(fmaxf(x, -kLargest), kLargest)) + 128;
  }
  static __device__ __forceinline__ float fromCode(unsigned char x) { return (int)x - 128; }
};

template <typename T> struct CodedRow {
  unsigned char* codes;
  float* scales;
  T* rotary;
  __device__ __forceinline__ CodedRow(void* pool, size_t slot, int rank, int rope) {
    const int scalesAt = (rank + 3) / 4 * 4, rotaryAt = scalesAt + (rank + kScaleBlock - 1) / kScaleBlock * 4;
    codes = static_cast<unsigned char*>(pool) + slot * ((rotaryAt + rope * sizeof(T) + 15) / 16 * 16);
    scales = reinterpret_cast<float*>(codes + scalesAt);
    rotary = reinterpret_cast<T*>(codes + rotaryAt);
  }
};

// The larger one; NaN when one is.
DEVICE float maxOrNan(float a, float b) {
  float y;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(y) : "f"(a), "f"(b));
  return y;
}

template <typename Code> DEVICE float scaleOf(float largest) {
  const float scale = maxOrNan(largest / Code::kLargest, kSmallestScale);
  return scale < INFINITY ? __uint_as_float((__float_as_uint(scale) + 0xffff) & 0xffff0000) : scale;
}

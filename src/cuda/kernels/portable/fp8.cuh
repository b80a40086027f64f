// Latents in 8 bits. A row of an fp8 pool (deepseek-v2/latent-row.ts says how long it is):
//   the latent in e4m3, padded to 4 bytes | a float scale for every 128 of its values | the rotated key in T | padding to 16 bytes
// A block's scale is its largest magnitude / 448, the largest number of e4m3: value = scale * e4m3. A block that is not
// finite has a scale that is not, so that whatever reads it is not either.
#pragma once
#include "element.cuh"

constexpr int kScaleBlock = 128;
constexpr float kLargestFp8 = 448.f;
constexpr float kSmallestScale = 0x1p-100f;  // of a block of zeros: 0 / scale is 0

template <typename T> struct Fp8Row {
  unsigned char* values;
  float* scales;
  T* rotary;
  __device__ __forceinline__ Fp8Row(void* pool, size_t slot, int rank, int rope) {
    const int scalesAt = (rank + 3) / 4 * 4, rotaryAt = scalesAt + (rank + kScaleBlock - 1) / kScaleBlock * 4;
    values = static_cast<unsigned char*>(pool) + slot * ((rotaryAt + rope * sizeof(T) + 15) / 16 * 16);
    scales = reinterpret_cast<float*>(values + scalesAt);
    rotary = reinterpret_cast<T*>(values + rotaryAt);
  }
};

// The larger one; NaN when one is.
DEVICE float maxOrNan(float a, float b) {
  float y;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(y) : "f"(a), "f"(b));
  return y;
}

DEVICE float fp8Scale(float largest) { return maxOrNan(largest / kLargestFp8, kSmallestScale); }

// To the nearest e4m3, ties to even, saturating; NaN to NaN. In integers, since cards before Ada have no instruction for it.
DEVICE unsigned char toFp8(float x) {
  const unsigned sign = __float_as_uint(x) >> 24 & 0x80;
  if (x != x) return sign | 0x7f;
  const float magnitude = fminf(fabsf(x), kLargestFp8);
  if (magnitude < 0x1p-6f) return sign | __float2int_rn(magnitude * 0x1p9f);
  const unsigned bits = __float_as_uint(magnitude);
  return sign | ((bits + 0x7ffff + (bits >> 20 & 1)) >> 20) - (120 << 3);
}

DEVICE float fromFp8(unsigned char x) {
  if ((x & 0x7f) == 0x7f) return NAN;
  return __half2float(__ushort_as_half((x & 0x80) << 8 | (x & 0x7f) << 7)) * 256.f;
}

// Tiles of 8-bit latents as wgmma wants them: 64 tokens x 576 values of T, in 128-byte swizzle. There is no room for both forms of a
// tile, so that bytes become values in place.
//
// Boxes of 64 tokens x 128 bytes, 8 KiB each like those of 64 values, are copied to where the upper half of the latents will lie, and
// become two boxes of values from the lowest on:
//   bytes i: box 4 + i; its values: boxes 2 i and 2 i + 1. Values 2 overwrite bytes 0 and 1, values 3 overwrite bytes 2 and 3.
// The rotary parts are values already, and are copied to their box. (Bytes loaded straight to registers, a tile ahead, were slower.)
#pragma once
#include "attention.cuh"
#include "code-pairs.cuh"

// Four codes times their scale, rounded once to T.
template <typename T, typename Code> struct ScaledCodes {
  float scale;
  __device__ __forceinline__ explicit ScaledCodes(float scale_) : scale(scale_) {}
  __device__ __forceinline__ uint2 operator()(uint32_t four) const {
    const auto two = [&](uint32_t halves) {
      const float2 v = Pair<__half>::unpack(halves);
      return Pair<T>::pack(v.x * scale, v.y * scale);
    };
    return make_uint2(two(CodePairs<Code>::lower(four)), two(CodePairs<Code>::upper(four)));
  }
};
// In bf16, which the scale is.
template <typename Code> struct ScaledCodes<__nv_bfloat16, Code> {
  __nv_bfloat162 scale;
  __device__ __forceinline__ explicit ScaledCodes(float scale_) : scale(bf16Pair(__byte_perm(__float_as_uint(scale_), 0, 0x3232))) {}
  __device__ __forceinline__ uint2 operator()(uint32_t four) const {
    const auto two = [&](__nv_bfloat162 codes) {
      const __nv_bfloat162 v = __hmul2(codes, scale);
      return *reinterpret_cast<const uint32_t*>(&v);
    };
    return make_uint2(two(CodePairs<Code>::lowerWide(four)), two(CodePairs<Code>::upperWide(four)));
  }
};

// The share of one of 128 threads: of the 16-byte chunks of a box of bytes, number `chunk` in rows row + 16 m. Of 8 threads no two touch
// the same bank, be it reading or writing.
template <typename T, typename Code> struct CodedTile {
  int row, chunk;
  __device__ __forceinline__ explicit CodedTile(int thread)
      : row(((thread >> 4 & 3) ^ (thread >> 2 & 1) * 5) + (thread >> 6) * 8), chunk((thread & 3) + (thread >> 3 & 1) * 4) {}

  // A box of bytes in registers, with the scales of its rows.
  struct Bytes {
    uint4 of[4];
    float by[4];
  };

  // scales: [64][4] float
  __device__ __forceinline__ Bytes load(uint32_t tile, const float* scales, int i) const {
    Bytes bytes;
#pragma unroll
    for (int m = 0; m < 4; ++m) {
      bytes.of[m] = loadShared16(tile + (4 + i) * kBoxBytes + swizzled(row, chunk) + m * 16 * 128);
      bytes.by[m] = scales[(row + 16 * m) * 4 + i];
    }
    return bytes;
  }

  __device__ __forceinline__ void store(const Bytes& bytes, uint32_t tile, int i) const {
    const uint32_t to = tile + i * 2 * kBoxBytes + swizzled(row, 2 * chunk);
#pragma unroll
    for (int m = 0; m < 4; m += 2) {  // two rows at once: their conversions do not wait for each other
      uint4 values[2][2];
#pragma unroll
      for (int k = 0; k < 2; ++k) {
        const uint4 of = bytes.of[m + k];
        const ScaledCodes<T, Code> scaled(bytes.by[m + k]);
        const uint2 a = scaled(of.x), b = scaled(of.y), c = scaled(of.z), d = scaled(of.w);
        values[k][0] = make_uint4(a.x, a.y, b.x, b.y);
        values[k][1] = make_uint4(c.x, c.y, d.x, d.y);
      }
#pragma unroll
      for (int k = 0; k < 2; ++k) {
        storeShared16(to + (m + k) * 16 * 128, values[k][0]);
        storeShared16((to ^ 16) + (m + k) * 16 * 128, values[k][1]);
      }
    }
  }
};

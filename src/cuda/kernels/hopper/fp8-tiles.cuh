// Tiles of 8-bit latents as wgmma wants them: 64 tokens x 576 values of T, in 128-byte swizzle. There is no room for both forms of a
// tile, so that bytes become values in place.
//
// Boxes of 64 tokens x 128 bytes, 8 KiB each like those of 64 values, are copied to where the upper half of the latents will lie, and
// become two boxes of values from the lowest on:
//   bytes i: box 4 + i; its values: boxes 2 i and 2 i + 1. Values 2 overwrite bytes 0 and 1, values 3 overwrite bytes 2 and 3.
// The rotary parts are values already, and are copied to their box.
#pragma once
#include "attention.cuh"

// By 128 threads, thread 0 to 127 of them. Box i of bytes at bytes + i * kBoxBytes, tile as above.
template <typename T> struct Fp8Tile {
  int row, chunk;  // of the 16-byte chunks of a box, those of `chunk` in rows row + 16 m. 8 threads touch all banks, reading and writing
  __device__ __forceinline__ explicit Fp8Tile(int thread)
      : row(((thread >> 4 & 3) ^ (thread >> 2 & 1) * 5) + (thread >> 6) * 8), chunk((thread & 3) + (thread >> 3 & 1) * 4) {}

  // Copies box i of bytes into registers, with the scales of its rows. scales: [64][4] float
  __device__ __forceinline__ void load(uint4 (&bytes)[4], float (&by)[4], uint32_t tile, const float* scales, int i) const {
#pragma unroll
    for (int m = 0; m < 4; ++m) {
      bytes[m] = loadShared16(tile + (4 + i) * kBoxBytes + swizzled(row + 16 * m, chunk));
      by[m] = scales[(row + 16 * m) * 4 + i];
    }
  }

  __device__ __forceinline__ void store(const uint4 (&bytes)[4], const float (&by)[4], uint32_t tile, int i) const {
#pragma unroll
    for (int m = 0; m < 4; ++m) {
      const auto values = [&](uint32_t low, uint32_t high) {
        return make_uint4(scaled(lowerFp8(low), by[m]), scaled(upperFp8(low), by[m]), scaled(lowerFp8(high), by[m]), scaled(upperFp8(high), by[m]));
      };
      const int r = row + 16 * m;
      storeShared16(tile + swizzled(r, 16 * i + 2 * chunk), values(bytes[m].x, bytes[m].y));
      storeShared16(tile + swizzled(r, 16 * i + 2 * chunk + 1), values(bytes[m].z, bytes[m].w));
    }
  }

 private:
  __device__ __forceinline__ static uint32_t scaled(uint32_t halves, float by) {
    const float2 v = Pair<__half>::unpack(halves);
    return Pair<T>::pack(v.x * by, v.y * by);
  }
};

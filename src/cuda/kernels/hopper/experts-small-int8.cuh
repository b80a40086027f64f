// The products of experts-small.cu with int8 weights.
#pragma once
#include "int8.cuh"

DEVICE float loadSharedHalf(uint32_t from) {
  uint16_t v;
  asm volatile("ld.shared.u16 %0, [%1];" : "=h"(v) : "r"(from) : "memory");
  return __half2float(__ushort_as_half(v));
}

// As multiply of experts-small.cu. A step is 64 codes of a row, 16 for each lane: one word of them for each of four products. `slot` holds 16
// rows and behind them their scales [16][SCALES], of which the chunk's begin at scale0. Codes are exact in f16, and the sum of a step's
// products, which share a scale, is multiplied by it. With two warps to a scheduler latency is what there is to lose: the products go
// word by word over the steps, which are independent chains.
template <int WARPS, int STEPS, int ROUNDS, int ROW, int SCALES>
DEVICE void multiplyCodes(float (&acc)[4], uint32_t slot, uint32_t chunk, const uint4 (&b)[2 * ROUNDS], int warp, int lane, int scale0) {
  const uint32_t low = slot + chunk + (lane >> 2) * ROW + (lane & 3) * 16, high = low + 8 * ROW;
  const uint32_t scales = slot + 16 * ROW + ((lane >> 2) * SCALES + scale0) * 2;
  float part[ROUNDS][4] = {}, lowScale[ROUNDS], highScale[ROUNDS], sum[4] = {};
  uint4 p[ROUNDS], q[ROUNDS];
#pragma unroll
  for (int i = 0; i < ROUNDS; ++i) {
    const int s = warp + WARPS * i;
    if (STEPS % WARPS == 0 || s < STEPS) {
      p[i] = loadShared16(low + s * 64);
      q[i] = loadShared16(high + s * 64);
      lowScale[i] = loadSharedHalf(scales + s / 2 * 2);
      highScale[i] = loadSharedHalf(scales + 8 * SCALES * 2 + s / 2 * 2);
    }
  }
#pragma unroll
  for (int j = 0; j < 4; ++j) {
#pragma unroll
    for (int i = 0; i < ROUNDS; ++i) {
      if (STEPS % WARPS == 0 || warp + WARPS * i < STEPS) {
        const uint32_t v = (&p[i].x)[j], w = (&q[i].x)[j];
        const uint32_t a0 = bitsOf(unscaledPair<kLowPair>(v)), a1 = bitsOf(unscaledPair<kLowPair>(w));
        const uint32_t a2 = bitsOf(unscaledPair<kHighPair>(v)), a3 = bitsOf(unscaledPair<kHighPair>(w));
        // columns 2j and 2j + 1 of the lane's 16, and those 8 later
        multiplyAdd(__half(), part[i], a0, a1, a2, a3, (&b[2 * i].x)[j], (&b[2 * i + 1].x)[j]);
      }
    }
  }
#pragma unroll
  for (int i = 0; i < ROUNDS; ++i) {
    if (STEPS % WARPS == 0 || warp + WARPS * i < STEPS) {
      sum[0] += lowScale[i] * part[i][0];
      sum[1] += lowScale[i] * part[i][1];
      sum[2] += highScale[i] * part[i][2];
      sum[3] += highScale[i] * part[i][3];
    }
  }
#pragma unroll
  for (int j = 0; j < 4; ++j) acc[j] += sum[j];
}

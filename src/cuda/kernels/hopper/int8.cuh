// Weights in int8: (code - 128) * scale, with a scale for each block of 128 columns of a row. The columns of every 16 are stored in the
// order 0 1 8 9, 2 3 10 11, 4 5 12 13, 6 7 14 15 (packing/quantize-rows.ts): word i of them is what lane i of four holds of a 16 x 16 operand.
#pragma once
#include "primitives.cuh"

// Two bytes of a word as two f16, 0 and 1 where SELECT is 0x4140, 2 and 3 where it is 0x4342, without the zero point; exact. 0x64bb is 1024 + bb.
template <int SELECT> DEVICE __half2 unscaledPair(uint32_t word) {
  const uint32_t v = __byte_perm(word, 0x64646464u, SELECT), zero = 0x64806480u;
  return __hsub2(*reinterpret_cast<const __half2*>(&v), *reinterpret_cast<const __half2*>(&zero));
}
constexpr int kLowPair = 0x4140, kHighPair = 0x4342;

DEVICE uint32_t bitsOf(__half2 h) { return *reinterpret_cast<const uint32_t*>(&h); }

// Codes of 8-bit latents (portable/latent-codes.cuh) for the tensor cores: two of four bytes as two f16 or two bf16, exactly.
#pragma once
#include "../portable/latent-codes.cuh"
#include "int8.cuh"

// lower: bytes 0 and 1; upper: 2 and 3; even: 0 and 2; odd: 1 and 3. lowerWide, upperWide: as bf16.
template <typename Code> struct CodePairs;

DEVICE __nv_bfloat162 bf16Pair(uint32_t bits) { return *reinterpret_cast<const __nv_bfloat162*>(&bits); }

template <> struct CodePairs<E4m3> {
  static __device__ __forceinline__ uint32_t lower(uint32_t four) {
    uint32_t halves;
    asm("{ .reg .b16 low, high; mov.b32 {low, high}, %1; cvt.rn.f16x2.e4m3x2 %0, low; }" : "=r"(halves) : "r"(four));
    return halves;
  }
  static __device__ __forceinline__ uint32_t upper(uint32_t four) {
    uint32_t halves;
    asm("{ .reg .b16 low, high; mov.b32 {low, high}, %1; cvt.rn.f16x2.e4m3x2 %0, high; }" : "=r"(halves) : "r"(four));
    return halves;
  }
  static __device__ __forceinline__ uint32_t even(uint32_t four) { return lower(__byte_perm(four, 0, 0x3120)); }
  static __device__ __forceinline__ uint32_t odd(uint32_t four) { return upper(__byte_perm(four, 0, 0x3120)); }
  // Exponent and mantissa where bf16 has its own are the code's value times 2^-120, of subnormal ones too.
  static __device__ __forceinline__ __nv_bfloat162 lowerWide(uint32_t four) { return fromUpperHalves(__byte_perm(four, 0, 0x1404)); }
  static __device__ __forceinline__ __nv_bfloat162 upperWide(uint32_t four) { return fromUpperHalves(__byte_perm(four, 0, 0x3424)); }

 private:
  static __device__ __forceinline__ __nv_bfloat162 fromUpperHalves(uint32_t v) {
    return __hmul2(bf16Pair((v & 0x80008000) | (v >> 4 & 0x07f007f0)), bf16Pair(0x7b807b80));
  }
};

template <> struct CodePairs<Int8> {
  static __device__ __forceinline__ uint32_t lower(uint32_t four) { return bitsOf(unscaledPair<kLowPair>(four)); }
  static __device__ __forceinline__ uint32_t upper(uint32_t four) { return bitsOf(unscaledPair<kHighPair>(four)); }
  static __device__ __forceinline__ uint32_t even(uint32_t four) { return bitsOf(unscaledPair<0x4240>(four)); }
  static __device__ __forceinline__ uint32_t odd(uint32_t four) { return bitsOf(unscaledPair<0x4341>(four)); }
  // 0x4300 | bb is 128 + bb for bytes below 128. The upper bit of a byte says whether 128 or 256 is to be taken away.
  static __device__ __forceinline__ __nv_bfloat162 lowerWide(uint32_t four) { return fromLowerHalves(__byte_perm(four, 0x43434343u, kLowPair)); }
  static __device__ __forceinline__ __nv_bfloat162 upperWide(uint32_t four) { return fromLowerHalves(__byte_perm(four, 0x43434343u, kHighPair)); }

 private:
  static __device__ __forceinline__ __nv_bfloat162 fromLowerHalves(uint32_t v) {
    return __hsub2(bf16Pair(v & 0xff7fff7f), bf16Pair((v & 0x00800080) ^ 0x43804380));
  }
};

// Codes of 8-bit latents (portable/latent-codes.cuh) for the tensor cores: two of four bytes as two f16, exactly.
#pragma once
#include "../portable/latent-codes.cuh"
#include "int8.cuh"

// lower: bytes 0 and 1; upper: 2 and 3; even: 0 and 2; odd: 1 and 3.
template <typename Code> struct CodePairs;

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
};

template <> struct CodePairs<Int8> {
  static __device__ __forceinline__ uint32_t lower(uint32_t four) { return bitsOf(unscaledPair<kLowPair>(four)); }
  static __device__ __forceinline__ uint32_t upper(uint32_t four) { return bitsOf(unscaledPair<kHighPair>(four)); }
  static __device__ __forceinline__ uint32_t even(uint32_t four) { return bitsOf(unscaledPair<0x4240>(four)); }
  static __device__ __forceinline__ uint32_t odd(uint32_t four) { return bitsOf(unscaledPair<0x4341>(four)); }
};

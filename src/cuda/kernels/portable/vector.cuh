// Neighbouring elements in one access, and programmatic dependent launch where the card has it.
#pragma once
#include "element.cuh"

template <int BYTES> struct Access;
template <> struct Access<2> { using Type = unsigned short; };
template <> struct Access<4> { using Type = unsigned int; };
template <> struct Access<8> { using Type = uint2; };
template <> struct Access<16> { using Type = uint4; };

// The N elements of a word as floats; the pointer only says of which type they are. By value: through a reference to global memory the
// elements would be loaded one by one.
template <int N, typename T, typename Word>
DEVICE void unpack(Word word, float (&to)[N], const T*) {
  static_assert(sizeof(Word) == N * sizeof(T), "a word holds N elements");
  const T* elements = reinterpret_cast<const T*>(&word);
#pragma unroll
  for (int j = 0; j < N; ++j) to[j] = toFloat(elements[j]);
}

// N elements as floats; `from` is aligned to their size.
template <int N, typename T>
DEVICE void load(const T* from, float (&to)[N]) {
  unpack(*reinterpret_cast<const typename Access<N * sizeof(T)>::Type*>(from), to, from);
}

// Rounds N values and stores them; `values` becomes what was stored.
template <int N, typename T>
DEVICE void storeRounded(T* to, float (&values)[N]) {
  using Word = typename Access<N * sizeof(T)>::Type;
  Word word;
  T* elements = reinterpret_cast<T*>(&word);
#pragma unroll
  for (int j = 0; j < N; ++j) {
    elements[j] = fromFloat<T>(values[j]);
    values[j] = toFloat(elements[j]);
  }
  *reinterpret_cast<Word*>(to) = word;
}

// Adds HELD values over the lanes that differ in the bits from LAST to STEP; each lane keeps half of what it holds as long as it has several.
template <int HELD, int STEP, int LAST, int COUNT>
DEVICE void sumOverLanes(float (&values)[COUNT]) {
  if constexpr (STEP >= LAST && HELD == 1) {
    values[0] += __shfl_xor_sync(~0u, values[0], STEP);
    sumOverLanes<1, STEP / 2, LAST>(values);
  } else if constexpr (STEP >= LAST) {
    const bool takesUpper = threadIdx.x & STEP;
#pragma unroll
    for (int i = 0; i < HELD / 2; ++i) {
      const float given = __shfl_xor_sync(~0u, takesUpper ? values[i] : values[HELD / 2 + i], STEP);
      values[i] = (takesUpper ? values[HELD / 2 + i] : values[i]) + given;
    }
    sumOverLanes<HELD / 2, STEP / 2, LAST>(values);
  }
}

// A kernel that is launched before its predecessor has ended waits for it here, and lets its successor do the same.
DEVICE void awaitPrevious() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}
DEVICE void allowNext() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}
// What is read after awaitPrevious, but does not depend on it.
DEVICE void prefetch(const void* address) { asm volatile("prefetch.global.L2 [%0];" ::"l"(address)); }

// Defines a kernel for each element type and access: NAME_TYPE_wide takes 16 bytes at a time and wants rows that they divide; NAME_TYPE_any
// takes single elements.
#define FOR_EACH_ACCESS(DEFINE)                                                                                       \
  DEFINE(f32_wide, float, 4) DEFINE(f16_wide, __half, 8) DEFINE(bf16_wide, __nv_bfloat16, 8)                          \
  DEFINE(f32_any, float, 1) DEFINE(f16_any, __half, 1) DEFINE(bf16_any, __nv_bfloat16, 1)

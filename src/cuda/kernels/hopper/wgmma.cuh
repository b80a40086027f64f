// Products of a warpgroup (wgmma): 64 rows of a, float accumulators in registers. Accumulator 4 * i + j of a thread belongs to
// column 8 * i + 2 * (lane % 4) + j % 2, and to row 16 * warp + lane / 4 (j < 2) or 8 further down.
#pragma once
#include "primitives.cuh"

DEVICE void productFence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
DEVICE void productCommit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
// Waits until at most N groups are under way.
template <int N> DEVICE void productWait() { asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(N) : "memory"); }
// After a wait: keeps the compiler from reading accumulators before it.
template <int N> DEVICE void productKeep(float (&d)[N]) {
#pragma unroll
  for (int i = 0; i < N; ++i) asm volatile("" : "+f"(d[i]) :: "memory");
}

// Before a fence, which orders what was written to registers before it: keeps the compiler from making operands later.
template <int N> DEVICE void productOperands(uint32_t (&a)[N]) {
#pragma unroll
  for (int i = 0; i < N; ++i) asm volatile("" : "+r"(a[i]) :: "memory");
}

// Low word of an operand's descriptor: its place and leading offset, in 16 bytes. The high word is the same for all: eight rows (or
// tokens) further on is 1024 bytes further on, 128-byte swizzle.
// Rows of k: the leading offset is unused. Rows of columns (values, token by token): bytes to the next 64 columns.
DEVICE uint32_t operand(uint32_t address, uint32_t leading) { return ((address & 0x3FFFF) >> 4) | (leading >> 4) << 16; }
// A copy that the compiler cannot see through: keeps dozens of loop-invariant descriptors out of registers.
DEVICE uint32_t opaque(uint32_t v) {
  uint32_t r;
  asm volatile("mov.b32 %0, %1;" : "=r"(r) : "r"(v));
  return r;
}

#define OUT8(d, i) \
  "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), "+f"(d[i + 4]), "+f"(d[i + 5]), "+f"(d[i + 6]), "+f"(d[i + 7])
#define OUT16(d, i) OUT8(d, i), OUT8(d, i + 8)
#define OUT32(d, i) OUT16(d, i), OUT16(d, i + 16)
#define OUT64(d, i) OUT32(d, i), OUT32(d, i + 32)
#define OUT128(d, i) OUT64(d, i), OUT64(d, i + 64)
#define NAMES8 "%0, %1, %2, %3, %4, %5, %6, %7"
#define NAMES16 \
  "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15"
#define NAMES32 \
  "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, " \
  "%23, %24, %25, %26, %27, %28, %29, %30, %31"
#define NAMES64 \
  "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, " \
  "%23, %24, %25, %26, %27, %28, %29, %30, %31, %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, " \
  "%44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define NAMES128 \
  "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, " \
  "%23, %24, %25, %26, %27, %28, %29, %30, %31, %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, " \
  "%44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, %64, " \
  "%65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, %80, %81, %82, %83, %84, %85, " \
  "%86, %87, %88, %89, %90, %91, %92, %93, %94, %95, %96, %97, %98, %99, %100, %101, %102, %103, %104, %105, " \
  "%106, %107, %108, %109, %110, %111, %112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, " \
  "%124, %125, %126, %127"

#define DESCRIPTORS(A, B, P) \
  "{ .reg .pred p; .reg .b64 da, db; setp.ne.b32 p, " P ", 0; mov.b64 da, {" A ", 0x40000040}; mov.b64 db, {" B ", 0x40000040};\n"
// d [64, N] (+)= a [64, 16] b: both in shared memory, a as rows of k; b as rows of k (TRANSPOSED 0) or as rows of columns (1)
#define DEFINE_SHARED(NAME, T, TYPE, N, REGISTERS, A, B, P, TRANSPOSED)                                               \
  DEVICE void NAME(T, float (&d)[REGISTERS], uint32_t a, uint32_t b, int accumulate) {                                \
    asm volatile(DESCRIPTORS(A, B, P) "wgmma.mma_async.sync.aligned.m64n" N "k16.f32." TYPE "." TYPE                   \
                 " {" NAMES##REGISTERS "}, da, db, p, 1, 1, 0, " TRANSPOSED "; }\n"                                   \
                 : OUT##REGISTERS(d, 0) : "r"(a), "r"(b), "r"(accumulate));                                           \
  }
// The same with a in registers, and b as rows of columns
#define DEFINE_REGISTERS(NAME, T, TYPE, N, REGISTERS, A0, A1, A2, A3, B)                                              \
  DEVICE void NAME(T, float (&d)[REGISTERS], const uint32_t (&a)[4], uint32_t b) {                                    \
    asm volatile("{ .reg .b64 db; mov.b64 db, {" B ", 0x40000040};\nwgmma.mma_async.sync.aligned.m64n" N "k16.f32." TYPE \
                 "." TYPE " {" NAMES##REGISTERS "}, {" A0 ", " A1 ", " A2 ", " A3 "}, db, 1, 1, 1, 1; }\n"              \
                 : OUT##REGISTERS(d, 0) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b));                        \
  }
// d [64, N] (+)= a [64, 16] b with a in registers, and b as rows of k
#define DEFINE_REGISTERS_ROWS(T, TYPE, N, REGISTERS, A0, A1, A2, A3, B, P)                                            \
  DEVICE void productOfRows(T, float (&d)[REGISTERS], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b, int accumulate) { \
    asm volatile("{ .reg .pred p; .reg .b64 db; setp.ne.b32 p, " P ", 0; mov.b64 db, {" B ", 0x40000040};\n"           \
                 "wgmma.mma_async.sync.aligned.m64n" N "k16.f32." TYPE "." TYPE " {" NAMES##REGISTERS "}, {" A0 ", " A1  \
                 ", " A2 ", " A3 "}, db, p, 1, 1, 0; }\n"                                                              \
                 : OUT##REGISTERS(d, 0) : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b), "r"(accumulate));                \
  }

DEFINE_SHARED(productOfRows, __half, "f16", "16", 8, "%8", "%9", "%10", "0")
DEFINE_SHARED(productOfRows, __half, "f16", "32", 16, "%16", "%17", "%18", "0")
DEFINE_SHARED(productOfRows, __half, "f16", "64", 32, "%32", "%33", "%34", "0")
DEFINE_SHARED(productOfRows, __half, "f16", "128", 64, "%64", "%65", "%66", "0")
DEFINE_SHARED(productOfRows, __nv_bfloat16, "bf16", "16", 8, "%8", "%9", "%10", "0")
DEFINE_SHARED(productOfRows, __nv_bfloat16, "bf16", "32", 16, "%16", "%17", "%18", "0")
DEFINE_SHARED(productOfRows, __nv_bfloat16, "bf16", "64", 32, "%32", "%33", "%34", "0")
DEFINE_SHARED(productOfRows, __nv_bfloat16, "bf16", "128", 64, "%64", "%65", "%66", "0")
DEFINE_SHARED(productOfColumns, __half, "f16", "256", 128, "%128", "%129", "%130", "1")
DEFINE_SHARED(productOfColumns, __nv_bfloat16, "bf16", "256", 128, "%128", "%129", "%130", "1")
DEFINE_REGISTERS(productOfColumns, __half, "f16", "256", 128, "%128", "%129", "%130", "%131", "%132")
DEFINE_REGISTERS(productOfColumns, __nv_bfloat16, "bf16", "256", 128, "%128", "%129", "%130", "%131", "%132")
DEFINE_REGISTERS(productOfColumns, __half, "f16", "128", 64, "%64", "%65", "%66", "%67", "%68")
DEFINE_REGISTERS(productOfColumns, __nv_bfloat16, "bf16", "128", 64, "%64", "%65", "%66", "%67", "%68")
DEFINE_REGISTERS_ROWS(__half, "f16", "16", 8, "%8", "%9", "%10", "%11", "%12", "%13")
DEFINE_REGISTERS_ROWS(__half, "f16", "32", 16, "%16", "%17", "%18", "%19", "%20", "%21")
DEFINE_REGISTERS_ROWS(__half, "f16", "64", 32, "%32", "%33", "%34", "%35", "%36", "%37")
DEFINE_REGISTERS_ROWS(__half, "f16", "128", 64, "%64", "%65", "%66", "%67", "%68", "%69")

// Hopper's building blocks (sm_90a): barriers in shared memory, the copy engine, tensor-core products of one warp.
#pragma once
#include <cuda.h>
#include <stdint.h>

#include "../portable/element.cuh"

constexpr int kSharedLimit = 232448;  // dynamic shared memory that one block can have

DEVICE uint32_t sharedAddress(const void* p) { return (uint32_t)__cvta_generic_to_shared(p); }

// ---- two neighbouring elements in one word ----
template <typename T> struct Pair;
template <> struct Pair<__half> {
  static __device__ __forceinline__ uint32_t pack(float a, float b) {
    const __half2 h = __floats2half2_rn(a, b);
    return *reinterpret_cast<const uint32_t*>(&h);
  }
  static __device__ __forceinline__ float2 unpack(uint32_t v) { return __half22float2(*reinterpret_cast<__half2*>(&v)); }
};
template <> struct Pair<__nv_bfloat16> {
  static __device__ __forceinline__ uint32_t pack(float a, float b) {
    const __nv_bfloat162 h = __floats2bfloat162_rn(a, b);
    return *reinterpret_cast<const uint32_t*>(&h);
  }
  static __device__ __forceinline__ float2 unpack(uint32_t v) { return __bfloat1622float2(*reinterpret_cast<__nv_bfloat162*>(&v)); }
};

DEVICE float exp2Fast(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// ---- barriers that count arrivals and bytes ----
DEVICE void barrierInit(uint32_t bar, uint32_t count) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(bar), "r"(count) : "memory");
}
DEVICE void barrierInitFence() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }
DEVICE void barrierArrive(uint32_t bar) { asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(bar) : "memory"); }
DEVICE void barrierExpect(uint32_t bar, uint32_t bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(bar), "r"(bytes) : "memory");
}
DEVICE void barrierWait(uint32_t bar, uint32_t parity) {
  uint32_t done;
  do
    asm volatile("{\n .reg .pred p;\n mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n selp.u32 %0, 1, 0, p;\n}\n"
                 : "=r"(done) : "r"(bar), "r"(parity) : "memory");
  while (!done);
}
// Whether the phase is over, without waiting.
DEVICE bool barrierTest(uint32_t bar, uint32_t parity) {
  uint32_t done;
  asm volatile("{\n .reg .pred p;\n mbarrier.test_wait.parity.shared::cta.b64 p, [%1], %2;\n selp.u32 %0, 1, 0, p;\n}\n"
               : "=r"(done) : "r"(bar), "r"(parity) : "memory");
  return done;
}

// Ordinary accesses to shared memory before this come before later ones of the copy engine and of wgmma.
DEVICE void asyncProxyFence() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
// A barrier of some warps of the block; 0 is the one of __syncthreads.
DEVICE void namedBarrier(int id, int threads) { asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory"); }

// One thread of a converged warp; unlike a comparison with the lane it tells the compiler that only one runs.
DEVICE bool electOne() {
  uint32_t yes;
  asm volatile("{\n .reg .pred p;\n elect.sync _|p, 0xffffffff;\n selp.u32 %0, 1, 0, p;\n}\n" : "=r"(yes));
  return yes;
}

// Barriers of a ring of stages: one thread announces what fills a stage, `readers` say when it is empty again. By one thread, before a barrier of the block.
template <int STAGES> DEVICE void initStages(uint32_t full, uint32_t empty, uint32_t readers) {
  for (int i = 0; i < STAGES; ++i) {
    barrierInit(full + 8 * i, 1);
    barrierInit(empty + 8 * i, readers);
  }
  barrierInitFence();
}
// To the next stage of the ring; its barriers' phase turns with each round.
template <int STAGES> DEVICE void advanceStage(int& stage, uint32_t& phase) {
  if (++stage == STAGES) {
    stage = 0;
    phase ^= 1;
  }
}

// Registers a thread of the calling warpgroup: takes effect only under __launch_bounds__(threads, 1).
template <int N> DEVICE void registersUp() { asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(N)); }
template <int N> DEVICE void registersDown() { asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(N)); }

// ---- programmatic dependent launch: both do nothing in a kernel launched without it ----
DEVICE void waitForPreviousKernel() { asm volatile("griddepcontrol.wait;" ::: "memory"); }
DEVICE void letNextKernelStart() { asm volatile("griddepcontrol.launch_dependents;" ::: "memory"); }

// ---- the copy engine ----
DEVICE void bulkCopy(uint32_t to, const void* from, uint32_t bytes, uint32_t bar) {
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];"
               ::"r"(to), "l"(from), "r"(bytes), "r"(bar) : "memory");
}
// The box at column x and row y of a matrix.
DEVICE void boxCopy(uint32_t to, const CUtensorMap* map, int x, int y, uint32_t bar) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];"
               ::"r"(to), "l"(map), "r"(x), "r"(y), "r"(bar) : "memory");
}
// The same of what is read once, which should not drive out of L2 what is read again. policy: readOnce()
DEVICE uint64_t readOnce() {
  uint64_t policy;
  asm("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy));
  return policy;
}
DEVICE void boxCopyOnce(uint32_t to, const CUtensorMap* map, int x, int y, uint32_t bar, uint64_t policy) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.L2::cache_hint [%0], [%1, {%2, %3}], [%4], %5;"
               ::"r"(to), "l"(map), "r"(x), "r"(y), "r"(bar), "l"(policy) : "memory");
}

// To L2, ahead of a copy. bytes: a multiple of 16
DEVICE void bulkPrefetch(const void* from, uint32_t bytes) {
  asm volatile("cp.async.bulk.prefetch.L2.global [%0], %1;" ::"l"(from), "r"(bytes) : "memory");
}

// Fetches a map that the copy engine will need; it is an argument of the kernel, so that no kernel ahead writes it.
DEVICE void prefetchMap(const CUtensorMap* map) { asm volatile("prefetch.tensormap [%0];" ::"l"(map) : "memory"); }

// ---- clusters of blocks ----
DEVICE uint32_t clusterBlocks() {
  uint32_t blocks;
  asm("mov.u32 %0, %%cluster_nctarank;" : "=r"(blocks));
  return blocks;
}
DEVICE uint32_t rankInCluster() {
  uint32_t rank;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}
// All threads of the cluster, the second once the others have arrived. Of what was written before only barriers are sure to be seen, whose
// initialisation has its own fence. Each arrival is followed by a wait.
DEVICE void arriveAtCluster() { asm volatile("barrier.cluster.arrive.relaxed;" ::: "memory"); }
DEVICE void waitForCluster() { asm volatile("barrier.cluster.wait.acquire;" ::: "memory"); }
// This block's address as that of another one of the cluster.
DEVICE uint32_t addressIn(uint32_t rank, uint32_t address) {
  uint32_t there;
  asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"(address), "r"(rank));
  return there;
}
// 16 bytes to another block's shared memory, counted by a barrier of that block.
DEVICE void sendShared16(uint32_t to, const float* v, uint32_t bar) {
  asm volatile("st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v4.f32 [%0], {%1,%2,%3,%4}, [%5];"
               ::"r"(to), "f"(v[0]), "f"(v[1]), "f"(v[2]), "f"(v[3]), "r"(bar) : "memory");
}
// Sees what other blocks of the cluster have sent.
DEVICE void barrierWaitCluster(uint32_t bar, uint32_t parity) {
  uint32_t done;
  do
    asm volatile("{\n .reg .pred p;\n mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 p, [%1], %2;\n selp.u32 %0, 1, 0, p;\n}\n"
                 : "=r"(done) : "r"(bar), "r"(parity) : "memory");
  while (!done);
}

// ---- shared memory ----
DEVICE uint4 loadShared16(uint32_t from) {
  uint4 v;
  asm volatile("ld.shared.v4.u32 {%0,%1,%2,%3}, [%4];" : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "r"(from) : "memory");
  return v;
}
DEVICE uint2 loadShared8(uint32_t from) {
  uint2 v;
  asm volatile("ld.shared.v2.u32 {%0,%1}, [%2];" : "=r"(v.x), "=r"(v.y) : "r"(from) : "memory");
  return v;
}
DEVICE void storeShared16(uint32_t to, uint4 v) {
  asm volatile("st.shared.v4.b32 [%0], {%1,%2,%3,%4};" ::"r"(to), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w) : "memory");
}
DEVICE void storeShared4(uint32_t to, uint32_t v) { asm volatile("st.shared.b32 [%0], %1;" ::"r"(to), "r"(v) : "memory"); }

// ---- products of one warp ----
DEVICE void loadMatrix4(uint32_t (&r)[4], uint32_t from) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(from) : "memory");
}
DEVICE void loadMatrix4Transposed(uint32_t (&r)[4], uint32_t from) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(from) : "memory");
}
// An 8 x 8 tile of 16-bit elements, spread over the warp as the products' results are, is transposed.
DEVICE uint32_t transposeMatrix(uint32_t v) {
  uint32_t r;
  asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(r) : "r"(v));
  return r;
}
// d [16, 8] += a [16, 16] b [16, 8]
#define DEFINE_PRODUCT(T, NAME)                                                                                       \
  DEVICE void multiplyAdd(T, float (&d)[4], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0,          \
                          uint32_t b1) {                                                                              \
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32." NAME "." NAME ".f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "         \
                 "{%8,%9}, {%0,%1,%2,%3};"                                                                            \
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])                                                     \
                 : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));                                             \
  }
DEFINE_PRODUCT(__half, "f16")
DEFINE_PRODUCT(__nv_bfloat16, "bf16")
#undef DEFINE_PRODUCT
template <typename T>
DEVICE void multiplyAdd(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  multiplyAdd(T(), d, a[0], a[1], a[2], a[3], b0, b1);
}

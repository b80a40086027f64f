// Parts of the sampler (sampler-row.cuh): its arguments, the order of tokens, sums and maxima of warps and clusters.
#pragma once
#include <stdint.h>

#define DEVICE static __device__ __forceinline__
typedef unsigned long long u64;
constexpr float kLog2e = 1.4426950408889634f, kInf = __builtin_huge_valf(), kNone = -3.402823466e38f;  // kNone and below: not there
constexpr int kMaxTop = 20;   // top log-probabilities a row can ask for
constexpr int kSmallK = 128;  // top_k up to this collects candidates; above, and top_p alone, selects by histogram
constexpr int kGather = 256;  // candidates that the leader orders directly

struct SamplerArgs {          // device pointers; one entry a row unless said otherwise
  const float* logits;        // [B, V]
  const int* validTokens;     // ids from here on are padding, never sampled nor listed; <= 0: row unused (-2)
  const int* maskRow;         // row of mask, -1: none
  const uint32_t* mask;       // [M, ceil(V / 32)], bit 1: allowed
  const int *biasStart, *biasToken; const float* biasValue;  // CSR, starts [B + 1], tokens unique in a row, any order
  const int *histStart, *histToken, *histCount;              // CSR, as above; histCount = count in the output << 1 | occurs in the prompt
  const float *repetition, *presence, *frequency;            // 1, 0, 0: off
  const float* temperature;   // 0: greedy
  const int* topK;            // 0: off
  const float *topP, *minP;   // 1, 0: off
  const u64 *seed, *step;
  const int* topLogprobs;     // -1: no; n in 0..20: rank of the chosen token and the n best
  int* token;                 // -1: NaN or +inf in the row; -2: nothing allowed
  float* logprob;             // raw, of the chosen token
  int* rank;                  // number of tokens whose raw logit is >= the chosen one's (vLLM); 0: not asked
  int* topToken; float* topLogprob;  // [B, topStride]; -1 and -inf where fewer exist
  int* debug;                 // null, or [B, 4]: threshold logit's bits, threshold index, way taken, levels
  float* workspace;           // sampleAny: [B, chunk]
  int B, V, chunk, seg, topStride, biasFirst;  // seg = 4 * ceil(V / (C * warps * 4)), chunk = seg * warps; biasFirst: bias before penalties
};

DEVICE float exp2Fast(float x) { float y; asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x)); return y; }
DEVICE uint32_t orderedKey(float x) { const uint32_t u = __float_as_uint(__fadd_rn(x, 0.f)); return u >> 31 ? ~u : u | 0x80000000u; }  // + 0: -0 equals 0
DEVICE float keyFloat(uint32_t k) { return __uint_as_float(k >> 31 ? k & 0x7fffffffu : ~k); }
// Sort order as one number: larger logit first, then lower index. Unique in a row; 0: none.
DEVICE u64 comp(float x, int index) { return (u64)orderedKey(x) << 32 | (0xffffffffu - index); }
DEVICE float compLogit(u64 c) { return keyFloat((uint32_t)(c >> 32)); }
DEVICE int compIndex(u64 c) { return (int)(0xffffffffu - (uint32_t)c); }

DEVICE u64 philox(u64 seed, u64 step) {  // Philox4x32-10, first two words; the upper 53 bits are those of sampling/random.ts
  uint32_t c0 = (uint32_t)step, c1 = (uint32_t)(step >> 32), c2 = 0, c3 = 0, k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
#pragma unroll
  for (int i = 0; i < 10; ++i) {
    const uint32_t h0 = __umulhi(0xD2511F53u, c0), l0 = 0xD2511F53u * c0, h1 = __umulhi(0xCD9E8D57u, c2), l1 = 0xCD9E8D57u * c2;
    c0 = h1 ^ c1 ^ k0; c1 = l1; c2 = h0 ^ c3 ^ k1; c3 = l0;
    k0 += 0x9E3779B9u; k1 += 0xBB67AE85u;
  }
  return ((u64)(c0 >> 5) << 26 | c1 >> 6) << 11;
}

// ---- cluster, degenerate for C == 1 ----
template <int C> DEVICE void clusterArrive() {
#if __CUDA_ARCH__ >= 900
  if (C > 1) asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
#endif
}
template <int C> DEVICE void clusterWait() {
#if __CUDA_ARCH__ >= 900
  if (C > 1) asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
#endif
}
template <int C> DEVICE void clusterSync() { if (C == 1) __syncthreads(); else { clusterArrive<C>(); clusterWait<C>(); } }
template <int C, typename P> DEVICE P* peer(P* p, int rank) {  // the same shared variable in another CTA of the cluster
#if __CUDA_ARCH__ >= 900
  if (C > 1) { P* q; asm("mapa.u64 %0, %1, %2;" : "=l"(q) : "l"(p), "r"(rank)); return q; }
#endif
  return p;
}

DEVICE void copyAsync16(float* dst, const float* src) { asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"((uint32_t)__cvta_generic_to_shared(dst)), "l"(src) : "memory"); }
DEVICE void copyAsync4(float* dst, const float* src) { asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"((uint32_t)__cvta_generic_to_shared(dst)), "l"(src) : "memory"); }

DEVICE void copyWait(int left) {  // all but the last `left` groups have landed
  if (left == 3) asm volatile("cp.async.wait_group 3;" ::: "memory");
  else if (left == 2) asm volatile("cp.async.wait_group 2;" ::: "memory");
  else if (left == 1) asm volatile("cp.async.wait_group 1;" ::: "memory");
  else asm volatile("cp.async.wait_group 0;" ::: "memory");
}

struct Decision { u64 rem; double Z; int bin; unsigned inPlay, upTo; };

template <int C, int T, int BINS> struct alignas(16) Shared {
  static constexpr int W = T / 32;
  union {
    struct { uint32_t count[BINS], y[BINS]; };
    struct { union { float maxima[2][kGather]; u64 weight[kGather]; }; u64 cand[kGather]; };
  };
  float4 part[C * W];  // of every warp of the cluster: raw maximum, raw sum, processed maximum, processed sum; sums relative to their maximum
  float seg[C * W];
  u64 red[2][W], minmax[2][C], threshold;
  Decision decision;
  int counts[C], token;
  unsigned candidates, topCandidates;
};

template <typename F> DEVICE void sweep(const float* z, int begin, int end, int lane, F f) {  // a warp's segment, four neighbours a lane
#pragma unroll 4
  for (int i = begin + lane * 4; i < end; i += 128) f(i, *reinterpret_cast<const float4*>(z + i));
}
DEVICE float max4(float4 v) { return fmaxf(fmaxf(v.x, v.y), fmaxf(v.z, v.w)); }
template <typename F> DEVICE float sum4(float4 v, F f) { return (f(v.x) + f(v.y)) + (f(v.z) + f(v.w)); }

// f(index, logit) for the elements of a warp's segment from low to high: the body once in the code (the kernel must stay small: its instructions
// are cold at every step of a model), the test on sixteen elements at a time. all(four): on the way, if given.
struct Nothing { __device__ __forceinline__ void operator()(float4) const {} };
template <typename F, typename G = Nothing> DEVICE void scan(const float* z, int begin, int end, int lane, float low, float high, F f, G all = G()) {
#pragma unroll 1
  for (int i = begin + lane * 4; i < end; i += 512) {
    unsigned hit = 0;
#pragma unroll
    for (int j = 0; j < 4; ++j)
      if (i + j * 128 < end) {
        const float4 v = *reinterpret_cast<const float4*>(z + i + j * 128);
        all(v);
        hit |= ((v.x >= low && v.x <= high) | (v.y >= low && v.y <= high) << 1 | (v.z >= low && v.z <= high) << 2 | (v.w >= low && v.w <= high) << 3) << (j * 4);
      }
#pragma unroll 1
    for (; hit; hit &= hit - 1) {
      const int at = __ffs(hit) - 1, e = i + (at >> 2) * 128 + (at & 3);
      f(e, z[e]);
    }
  }
}

DEVICE u64 warpMax(u64 v) {
#pragma unroll
  for (int d = 16; d; d >>= 1) { const u64 o = __shfl_xor_sync(~0u, v, d); v = o > v ? o : v; }
  return v;
}
DEVICE float warpMax(float v) { return keyFloat(__reduce_max_sync(~0u, orderedKey(v))); }  // never NaN: fmaxf drops it
template <typename N> DEVICE N warpSum(N v) {
#pragma unroll
  for (int d = 16; d; d >>= 1) v += __shfl_xor_sync(~0u, v, d);
  return v;
}
template <typename N> DEVICE N warpScan(N v, int lane) {  // inclusive
#pragma unroll
  for (int d = 1; d < 32; d <<= 1) { const N o = __shfl_up_sync(~0u, v, d); if (lane >= d) v += o; }
  return v;
}
template <int W> DEVICE u64 blockSum(u64 v, u64* red, int lane, int warp) {
  v = warpSum(v);
  __syncthreads();
  if (lane == 0) red[warp] = v;
  __syncthreads();
  return warpSum(lane < W ? red[lane] : 0ull);
}
// The J largest of a warp's 32 thread maxima, in lane 0..J-1 (equal ones count once, which only loosens the bound below).
template <int J> DEVICE float warpTop(float m, int lane) {
  float mine = -kInf;
#pragma unroll
  for (int j = 0; j < J; ++j) {
    const float w = keyFloat(__reduce_max_sync(~0u, orderedKey(m)));
    if (lane == j) mine = w;
    if (m >= w) m = -kInf;
  }
  return mine;
}
// A bound from below on the k-th largest element, close to it: of N distinct elements' values at least k are not below it. -inf where fewer are finite.
template <int N> DEVICE float kthBound(const float* values, int k, int lane) {
  float v[N / 32], lo = kInf, hi = -kInf;
  int finite = 0;
#pragma unroll
  for (int j = 0; j < N / 32; ++j) {
    v[j] = values[j * 32 + lane];
    if (v[j] > kNone) ++finite, lo = fminf(lo, v[j]);
    hi = fmaxf(hi, v[j]);
  }
  if ((int)__reduce_add_sync(~0u, finite) < k) return -kInf;
  lo = -warpMax(-lo); hi = warpMax(hi);
#pragma unroll 1
  for (int step = 0; step < 12; ++step) {
    const float mid = 0.5f * lo + 0.5f * hi;
    int c = 0;
#pragma unroll
    for (int j = 0; j < N / 32; ++j) c += v[j] >= mid;
    if ((int)__reduce_add_sync(~0u, c) >= k) lo = mid; else hi = mid;
  }
  return lo;
}

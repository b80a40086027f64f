// New latents into the paged pool, and the queries' rotary parts rotated: the portable kernel's contract (portable/latent-write.cu)
// for latents of 512 + 64 values of 16 bits, with 16 bytes an access. Rows must begin at multiples of 16 bytes.
// latents [T, 576], written where it is not null: what the pool gets, before it is rounded to 8 bits
#include "../portable/latent-codes.cuh"
#include "primitives.cuh"

constexpr int kRank = 512, kRope = 64, kWidth = kRank + kRope;

struct LatentWriteShape {
  int numTokens, heads, rank, rope;
  int kvStride, kvOffset, qStride, qOffset;
  float epsilon;
};

template <typename T> DEVICE uint32_t rotate(uint32_t pair, float cosine, float sine) {
  const float2 x = Pair<T>::unpack(pair);
  return Pair<T>::pack(x.x * cosine - x.y * sine, x.x * sine + x.y * cosine);
}

// Where lane i of a warp puts the values from 8 i and from 256 + 8 i on.
template <typename T> struct PlainStore {
  uint4* to;
  __device__ __forceinline__ PlainStore(void* pool, long long slot) : to(reinterpret_cast<uint4*>(static_cast<T*>(pool) + slot * kWidth)) {}
  __device__ __forceinline__ uint32_t* rotary() const { return reinterpret_cast<uint32_t*>(to + kRank / 8); }
  __device__ __forceinline__ void operator()(const uint4 (&x)[2], int lane) const {
    to[lane] = x[0];
    to[32 + lane] = x[1];
  }
};
template <typename Code> DEVICE uint32_t packCodes(float a, float b) { return Code::toCode(a) | Code::toCode(b) << 8; }
template <> DEVICE uint32_t packCodes<E4m3>(float a, float b) {
  uint16_t pair;
  asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(pair) : "f"(b), "f"(a));
  return pair;
}
template <typename T, typename Code> struct CodeStore {
  CodedRow<T> to;
  __device__ __forceinline__ CodeStore(void* pool, long long slot) : to(pool, slot, kRank, kRope) {}
  __device__ __forceinline__ uint32_t* rotary() const { return reinterpret_cast<uint32_t*>(to.rotary); }
  __device__ __forceinline__ void operator()(const uint4 (&x)[2], int lane) const {
#pragma unroll
    for (int half = 0; half < 2; ++half) {  // of the row; 16 lanes have a block
      const float2 v[4] = {Pair<T>::unpack(x[half].x), Pair<T>::unpack(x[half].y), Pair<T>::unpack(x[half].z), Pair<T>::unpack(x[half].w)};
      float largest = 0.f;
#pragma unroll
      for (int i = 0; i < 4; ++i) largest = maxOrNan(largest, maxOrNan(fabsf(v[i].x), fabsf(v[i].y)));
      for (int step = 8; step > 0; step >>= 1) largest = maxOrNan(largest, __shfl_xor_sync(~0u, largest, step));
      const float scale = scaleOf<Code>(largest);
      uint32_t pairs[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) pairs[i] = packCodes<Code>(v[i].x / scale, v[i].y / scale);
      reinterpret_cast<uint2*>(to.codes)[32 * half + lane] = make_uint2(pairs[0] | pairs[1] << 16, pairs[2] | pairs[3] << 16);
      if (lane % 16 == 0) to.scales[2 * half + lane / 16] = scale;
    }
  }
};

// Grid T, 128 threads.
template <typename T, typename Store>
DEVICE void latentWrite(const T* __restrict__ kv, const T* __restrict__ q, const T* __restrict__ normWeight,
                        const float* __restrict__ cosine, const float* __restrict__ sine, const long long* __restrict__ slots,
                        void* __restrict__ pool, T* __restrict__ rotary, T* __restrict__ latents, LatentWriteShape shape) {
  const int token = blockIdx.x, tid = threadIdx.x, lane = tid & 31;
  waitForPreviousKernel();
  letNextKernelStart();  // after the wait: what attention reads early, the step's plan, is then complete
  const long long slot = slots[token];
  cosine += (size_t)token * (kRope / 2);
  sine += (size_t)token * (kRope / 2);
  if (tid < 32 && slot >= 0) {  // one warp: the token's latent
    const uint4* from = reinterpret_cast<const uint4*>(kv + (size_t)token * shape.kvStride + shape.kvOffset);
    const uint4* weight = reinterpret_cast<const uint4*>(normWeight);
    const Store store(pool, slot);
    uint4 x[2] = {from[lane], from[32 + lane]}, w[2] = {weight[lane], weight[32 + lane]};
    const uint32_t key = reinterpret_cast<const uint32_t*>(from + kRank / 8)[lane];
    float squares = 0.f;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const float2 v = Pair<T>::unpack((&x[i >> 2].x)[i & 3]);
      squares += v.x * v.x + v.y * v.y;
    }
    const float scale = rsqrtf(warpSum(squares) * (1.f / kRank) + shape.epsilon);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      uint32_t& pair = (&x[i >> 2].x)[i & 3];
      const float2 v = Pair<T>::unpack(pair), g = Pair<T>::unpack((&w[i >> 2].x)[i & 3]);
      const float2 normed = Pair<T>::unpack(Pair<T>::pack(v.x * scale, v.y * scale));  // rounded before the weight, as HF does
      pair = Pair<T>::pack(normed.x * g.x, normed.y * g.y);
    }
    store(x, lane);
    const uint32_t rotated = rotate<T>(key, cosine[lane], sine[lane]);
    store.rotary()[lane] = rotated;
    if (latents) {
      const PlainStore<T> copy(latents, token);
      copy(x, lane);
      copy.rotary()[lane] = rotated;
    }
  }
  const T* from = q + (size_t)token * shape.qStride + shape.qOffset;
  T* to = rotary + (size_t)token * shape.heads * kRope;
  for (int i = tid; i < shape.heads * (kRope / 8); i += 128) {  // 8 threads a head, 4 pairs each
    const int part = i % (kRope / 8);
    uint4 v = reinterpret_cast<const uint4*>(from)[i];
    const float4 c = reinterpret_cast<const float4*>(cosine)[part], s = reinterpret_cast<const float4*>(sine)[part];
    v.x = rotate<T>(v.x, c.x, s.x);
    v.y = rotate<T>(v.y, c.y, s.y);
    v.z = rotate<T>(v.z, c.z, s.z);
    v.w = rotate<T>(v.w, c.w, s.w);
    reinterpret_cast<uint4*>(to)[i] = v;
  }
}

#define DEFINE_STORE(KIND, SUFFIX, T, ...)                                                                            \
  extern "C" __global__ void __launch_bounds__(128) latentWrite##KIND##_##SUFFIX(                                      \
      const T* kv, const T* q, const T* normWeight, const float* cosine, const float* sine, const long long* slots,   \
      void* pool, T* rotary, T* latents, LatentWriteShape shape) {                                                    \
    latentWrite<T, __VA_ARGS__>(kv, q, normWeight, cosine, sine, slots, pool, rotary, latents, shape);                \
  }
#define DEFINE(SUFFIX, T)                          \
  DEFINE_STORE(, SUFFIX, T, PlainStore<T>)         \
  DEFINE_STORE(Fp8, SUFFIX, T, CodeStore<T, E4m3>) \
  DEFINE_STORE(Int8, SUFFIX, T, CodeStore<T, Int8>)
DEFINE(f16, __half)
DEFINE(bf16, __nv_bfloat16)

// New latents into the paged pool, and the queries' rotary parts rotated. Any number of heads, rank and rope width.
//
// kv        [T, kvStride], from kvOffset on the compressed latent (rank) and the shared rotary key (rope)
// q         [T, qStride], from qOffset on the rotary parts of all heads (heads * rope)
// normWeight[rank]; cosine, sine [T, rope / 2]; slots [T], negative: the token's latent is not stored
// pool      [slots, rank + rope], written: RMSNorm(compressed) | rotated key; Fp8, Int8: rows of latent-codes.cuh with what they would be
// rotary    [T, heads, rope], written: the rotated parts of the queries
//
// Rotary pairs are neighbours (HF DeepseekV2 apply_rotary_emb): (x0, x1) -> (x0 cos - x1 sin, x0 sin + x1 cos).
// Grid T, block 256, no shared memory.
#include "latent-codes.cuh"

struct LatentWriteShape {
  int numTokens, heads, rank, rope;
  int kvStride, kvOffset, qStride, qOffset;
  float epsilon;
};

template <typename T>
DEVICE void rotate(const T* from, T* to, const float* cosine, const float* sine, int pair) {
  const float x0 = toFloat(from[2 * pair]), x1 = toFloat(from[2 * pair + 1]);
  const float c = cosine[pair], s = sine[pair];
  to[2 * pair] = fromFloat<T>(x0 * c - x1 * s);
  to[2 * pair + 1] = fromFloat<T>(x0 * s + x1 * c);
}

// One warp: a token's latent in T, value by value, goes where Store wants it.
template <typename T> struct PlainStore {
  T* to;
  int rank;
  __device__ __forceinline__ PlainStore(void* pool, size_t slot, int rank_, int rope)
      : to(static_cast<T*>(pool) + slot * (rank_ + rope)), rank(rank_) {}
  __device__ __forceinline__ T* rotary() const { return to + rank; }
  template <typename Latent> __device__ __forceinline__ void operator()(Latent latent) const {
    for (int i = threadIdx.x; i < rank; i += 32) to[i] = latent(i);
  }
};
template <typename T, typename Code> struct CodeStore {
  CodedRow<T> to;
  int rank;
  __device__ __forceinline__ CodeStore(void* pool, size_t slot, int rank_, int rope) : to(pool, slot, rank_, rope), rank(rank_) {}
  __device__ __forceinline__ T* rotary() const { return to.rotary; }
  template <typename Latent> __device__ __forceinline__ void operator()(Latent latent) const {
    for (int first = 0; first < rank; first += kScaleBlock) {
      float values[kScaleBlock / 32], largest = 0.f;
#pragma unroll
      for (int j = 0; j < kScaleBlock / 32; ++j) {
        const int i = first + 32 * j + threadIdx.x;
        values[j] = i < rank ? toFloat(latent(i)) : 0.f;
        largest = maxOrNan(largest, fabsf(values[j]));
      }
      for (int step = 16; step > 0; step >>= 1) largest = maxOrNan(largest, __shfl_xor_sync(~0u, largest, step));
      const float scale = scaleOf<Code>(largest);
      if (threadIdx.x == 0) to.scales[first / kScaleBlock] = scale;
#pragma unroll
      for (int j = 0; j < kScaleBlock / 32; ++j) {
        const int i = first + 32 * j + threadIdx.x;
        if (i < rank) to.codes[i] = Code::toCode(values[j] / scale);
      }
    }
  }
};

template <typename T, typename Store>
DEVICE void latentWrite(const T* kv, const T* q, const T* normWeight, const float* cosine, const float* sine,
                        const long long* slots, void* pool, T* rotary, LatentWriteShape shape) {
  const int token = blockIdx.x, pairs = shape.rope / 2;
  cosine += (size_t)token * pairs;
  sine += (size_t)token * pairs;
  if (threadIdx.x < 32 && slots[token] >= 0) {  // one warp: the token's latent
    const T* row = kv + (size_t)token * shape.kvStride + shape.kvOffset;
    const Store store(pool, slots[token], shape.rank, shape.rope);
    float squares = 0.f;
    for (int i = threadIdx.x; i < shape.rank; i += 32) squares += toFloat(row[i]) * toFloat(row[i]);
    const float scale = rsqrtf(warpSum(squares) / shape.rank + shape.epsilon);
    store([&](int i) { return fromFloat<T>(toFloat(fromFloat<T>(toFloat(row[i]) * scale)) * toFloat(normWeight[i])); });
    for (int pair = threadIdx.x; pair < pairs; pair += 32) rotate(row + shape.rank, store.rotary(), cosine, sine, pair);
  }
  const T* from = q + (size_t)token * shape.qStride + shape.qOffset;
  T* to = rotary + (size_t)token * shape.heads * shape.rope;
  for (int i = threadIdx.x; i < shape.heads * pairs; i += blockDim.x) {
    const int head = i / pairs;
    rotate(from + head * shape.rope, to + head * shape.rope, cosine, sine, i % pairs);
  }
}

#define DEFINE_STORE(KIND, SUFFIX, T, ...)                                                                            \
  extern "C" __global__ void __launch_bounds__(256) portableLatentWrite##KIND##_##SUFFIX(                              \
      const T* kv, const T* q, const T* normWeight, const float* cosine, const float* sine, const long long* slots,   \
      void* pool, T* rotary, LatentWriteShape shape) {                                                                \
    latentWrite<T, __VA_ARGS__>(kv, q, normWeight, cosine, sine, slots, pool, rotary, shape);                         \
  }
#define DEFINE(SUFFIX, T)                              \
  DEFINE_STORE(, SUFFIX, T, PlainStore<T>)             \
  DEFINE_STORE(Fp8, SUFFIX, T, CodeStore<T, E4m3>)     \
  DEFINE_STORE(Int8, SUFFIX, T, CodeStore<T, Int8>)
FOR_EACH_ELEMENT(DEFINE)

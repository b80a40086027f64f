// New latents into the paged pool, and the queries' rotary parts rotated. Any number of heads, rank and rope width.
//
// kv        [T, kvStride], from kvOffset on the compressed latent (rank) and the shared rotary key (rope)
// q         [T, qStride], from qOffset on the rotary parts of all heads (heads * rope)
// normWeight[rank]; cosine, sine [T, rope / 2]; slots [T], negative: the token's latent is not stored
// pool      [slots, rank + rope], written: RMSNorm(compressed) | rotated key
// rotary    [T, heads, rope], written: the rotated parts of the queries
//
// Rotary pairs are neighbours (HF DeepseekV2 apply_rotary_emb): (x0, x1) -> (x0 cos - x1 sin, x0 sin + x1 cos).
// Grid T, block 256, no shared memory.
#include "element.cuh"

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

template <typename T>
DEVICE void latentWrite(const T* kv, const T* q, const T* normWeight, const float* cosine, const float* sine,
                        const long long* slots, T* pool, T* rotary, LatentWriteShape shape) {
  const int token = blockIdx.x, width = shape.rank + shape.rope, pairs = shape.rope / 2;
  cosine += (size_t)token * pairs;
  sine += (size_t)token * pairs;
  if (threadIdx.x < 32 && slots[token] >= 0) {  // one warp: the token's latent
    const T* row = kv + (size_t)token * shape.kvStride + shape.kvOffset;
    T* to = pool + (size_t)slots[token] * width;
    float squares = 0.f;
    for (int i = threadIdx.x; i < shape.rank; i += 32) squares += toFloat(row[i]) * toFloat(row[i]);
    const float scale = rsqrtf(warpSum(squares) / shape.rank + shape.epsilon);
    for (int i = threadIdx.x; i < shape.rank; i += 32)
      to[i] = fromFloat<T>(toFloat(fromFloat<T>(toFloat(row[i]) * scale)) * toFloat(normWeight[i]));
    for (int pair = threadIdx.x; pair < pairs; pair += 32) rotate(row + shape.rank, to + shape.rank, cosine, sine, pair);
  }
  const T* from = q + (size_t)token * shape.qStride + shape.qOffset;
  T* to = rotary + (size_t)token * shape.heads * shape.rope;
  for (int i = threadIdx.x; i < shape.heads * pairs; i += blockDim.x) {
    const int head = i / pairs;
    rotate(from + head * shape.rope, to + head * shape.rope, cosine, sine, i % pairs);
  }
}

#define DEFINE(SUFFIX, T)                                                                                             \
  extern "C" __global__ void __launch_bounds__(256) portableLatentWrite_##SUFFIX(                                      \
      const T* kv, const T* q, const T* normWeight, const float* cosine, const float* sine, const long long* slots,   \
      T* pool, T* rotary, LatentWriteShape shape) {                                                                   \
    latentWrite<T>(kv, q, normWeight, cosine, sine, slots, pool, rotary, shape);                                      \
  }
FOR_EACH_ELEMENT(DEFINE)

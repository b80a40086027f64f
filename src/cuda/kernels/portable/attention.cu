// Paged MLA attention in the absorbed form (DeepSeek-V2 paper, section 2.1.2): all heads attend to the cached latent itself.
// Any mix of prefill and decode; lengths are read on the device. Any number of heads, rank, rope width and page size.
//
// absorbed    [heads, T, rank], the queries' other parts times W_UK; rotary [T, heads, rope], their rotated parts
// pool        [pages, pageSize, rank + rope]; the step's own latents are in it already. Fp8, Int8: rows of latent-codes.cuh
// firstTokens [S + 1], flat index of each sequence's first token, then T; sequences without tokens are allowed
// contextLengths [S], tokens cached before this step
// blockTable  [S, maxBlocks]
// out         [heads, T, rank], weighted latents (head-major: W_UV is a batched product over heads)
//
// One block a token and head; each of its warps takes every numWarps-th key with an online softmax of its own, and the
// warps' partial results are merged at the end. Grid (T, heads), block 32 * numWarps (at most 8 warps), dynamic shared memory
// (rank + rope + numWarps * (rank + 2)) floats. Tokens of no sequence (padding at the end of T) get zeros.
#include "latent-codes.cuh"

struct AttentionShape {
  int numTokens, numSequences, heads, rank, rope;
  int pageSize, maxBlocks;
  float scale;
};

// The sequence that a token belongs to: the last one that begins at or before it.
DEVICE int sequenceOf(const int* firstTokens, int numSequences, int token) {
  int low = 0, high = numSequences;
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    if (firstTokens[middle] <= token) low = middle;
    else high = middle;
  }
  return low;
}

// A token's latent and, behind it, its rotated key.
template <typename T> struct PlainKey {
  const T* values;
  __device__ __forceinline__ PlainKey(const void* pool, size_t slot, const AttentionShape& shape)
      : values(static_cast<const T*>(pool) + slot * (shape.rank + shape.rope)) {}
  __device__ __forceinline__ float operator[](int i) const { return toFloat(values[i]); }
};
template <typename T, typename Code> struct CodedKey {
  CodedRow<T> row;
  int rank;
  __device__ __forceinline__ CodedKey(const void* pool, size_t slot, const AttentionShape& shape)
      : row(const_cast<void*>(pool), slot, shape.rank, shape.rope), rank(shape.rank) {}
  __device__ __forceinline__ float operator[](int i) const {
    return i < rank ? Code::fromCode(row.codes[i]) * row.scales[i / kScaleBlock] : toFloat(row.rotary[i - rank]);
  }
};

template <typename T, typename Key>
DEVICE void attend(const T* absorbed, const T* rotary, const void* pool, const int* firstTokens, const int* contextLengths,
                   const int* blockTable, T* out, AttentionShape shape) {
  extern __shared__ float shared[];
  const int token = blockIdx.x, head = blockIdx.y, lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  const int numWarps = blockDim.x >> 5, width = shape.rank + shape.rope;
  float* q = shared;                                  // [width]
  float* sums = q + width;                            // [numWarps, rank]
  float* maxima = sums + numWarps * shape.rank;       // [numWarps]
  float* masses = maxima + numWarps;                  // [numWarps]

  out += ((size_t)head * shape.numTokens + token) * shape.rank;
  if (token >= firstTokens[shape.numSequences]) {
    for (int i = threadIdx.x; i < shape.rank; i += blockDim.x) out[i] = fromFloat<T>(0.f);
    return;
  }
  const int sequence = sequenceOf(firstTokens, shape.numSequences, token);
  const int numKeys = contextLengths[sequence] + token - firstTokens[sequence] + 1;
  const int* blocks = blockTable + (size_t)sequence * shape.maxBlocks;

  absorbed += ((size_t)head * shape.numTokens + token) * shape.rank;
  rotary += ((size_t)token * shape.heads + head) * shape.rope;
  for (int i = threadIdx.x; i < width; i += blockDim.x)
    q[i] = toFloat(i < shape.rank ? absorbed[i] : rotary[i - shape.rank]) * shape.scale;
  float* sum = sums + warp * shape.rank;
  for (int i = lane; i < shape.rank; i += 32) sum[i] = 0.f;
  __syncthreads();

  float best = -INFINITY, mass = 0.f;
  for (int key = warp; key < numKeys; key += numWarps) {
    const Key latent(pool, (size_t)blocks[key / shape.pageSize] * shape.pageSize + key % shape.pageSize, shape);
    float score = 0.f;
    for (int i = lane; i < width; i += 32) score += q[i] * latent[i];
    score = warpSum(score);
    const float newBest = fmaxf(best, score);
    const float keep = expf(best - newBest), weight = expf(score - newBest);
    for (int i = lane; i < shape.rank; i += 32) sum[i] = sum[i] * keep + weight * latent[i];
    mass = mass * keep + weight;
    best = newBest;
  }
  if (lane == 0) {
    maxima[warp] = best;
    masses[warp] = mass;
  }
  __syncthreads();
  float top = -INFINITY, total = 0.f;
  for (int w = 0; w < numWarps; ++w) top = fmaxf(top, maxima[w]);
  for (int w = 0; w < numWarps; ++w) total += masses[w] * expf(maxima[w] - top);
  for (int i = threadIdx.x; i < shape.rank; i += blockDim.x) {
    float value = 0.f;
    for (int w = 0; w < numWarps; ++w) value += sums[w * shape.rank + i] * expf(maxima[w] - top);
    out[i] = fromFloat<T>(value / total);
  }
}

#define DEFINE_KEY(KIND, SUFFIX, T, ...)                                                                              \
  extern "C" __global__ void portableAttention##KIND##_##SUFFIX(                                                       \
      const T* absorbed, const T* rotary, const void* pool, const int* firstTokens, const int* contextLengths,        \
      const int* blockTable, T* out, AttentionShape shape) {                                                          \
    attend<T, __VA_ARGS__>(absorbed, rotary, pool, firstTokens, contextLengths, blockTable, out, shape);              \
  }
#define DEFINE(SUFFIX, T)                         \
  DEFINE_KEY(, SUFFIX, T, PlainKey<T>)            \
  DEFINE_KEY(Fp8, SUFFIX, T, CodedKey<T, E4m3>)   \
  DEFINE_KEY(Int8, SUFFIX, T, CodedKey<T, Int8>)
FOR_EACH_ELEMENT(DEFINE)

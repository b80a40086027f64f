// Causal attention of prompts that have nothing in the cache yet, on Hopper: the ordinary form, with keys and values of every head expanded
// from the latents. 3.4 times fewer operations than the absorbed form (attention-rows64.cu), which reads 576 values a key and 512 a value.
//
// Only 16-bit elements and heads of 128 + 64 (rotary) and 128 values; any number of heads. Matrices come through tensor maps of boxes
// of 128 rows x 64 columns in 128-byte swizzle; T rows each, one a token of the step:
// queries     [T, *], from queryColumn on the parts without rotary position, 128 for each head
// rotary      [T, heads * 64], the queries' rotated parts
// keys        [T, heads * 128], without rotary position
// rotaryKeys  [T, *], from rotaryKeyColumn on the rotated key that all heads share
// values      [T, heads * 128]
// firstTokens [numSequences + 1], of these sequences; tokens before the first and after the last are neither read nor written
// out         [T, heads * 128], written
#include "wgmma.cuh"

constexpr int kHead = 128, kRope = 64;
constexpr int kTile = 128;            // query rows of an item, and keys of a step
constexpr int kBoxBytes = kTile * 128;
constexpr int kKeyBoxes = (kHead + kRope) / 64, kValueBoxes = kHead / 64;
constexpr int kQueryAt = 0;
constexpr int kKeysAt = kKeyBoxes * kBoxBytes;                        // two tiles
constexpr int kValuesAt = kKeysAt + 2 * kKeyBoxes * kBoxBytes;        // two tiles
constexpr int kBarriersAt = kValuesAt + 2 * kValueBoxes * kBoxBytes;  // query full, empty; then full[2], empty[2] of keys and of values
constexpr int kItemAt = kBarriersAt + 80;
constexpr int kShared = kItemAt + 16;
static_assert(kShared <= kSharedLimit, "shared memory");
constexpr float kLog2e = 1.4426950408889634f;

struct FreshShape {
  int numSequences, heads, queryColumn, rotaryKeyColumn;
  float scale;
};

struct Barriers {
  uint32_t queryFull, queryEmpty, keysFull, keysEmpty, valuesFull, valuesEmpty;
  __device__ __forceinline__ explicit Barriers(uint32_t at)
      : queryFull(at), queryEmpty(at + 8), keysFull(at + 16), keysEmpty(at + 32), valuesFull(at + 48), valuesEmpty(at + 64) {}
};

// One of the two tiles of keys and values, and the parity of its use.
struct Stage {
  int index = 0;
  uint32_t phase = 0;
  __device__ __forceinline__ void advance() {
    index ^= 1;
    phase ^= index == 0;
  }
};

// 128 queries of one head: x the sequence's first token, y which 128 of its tokens (negative: there is nothing left), z its tokens, w the head.
// Items of all sequences are numbered by the number of their keys, the longest first; a warp walks through ascending numbers.
struct ItemWalk {
  const int* firstTokens;
  int numSequences, heads, lane;
  int tile = 0, begin = 0, count = 0;  // items [begin, begin + count) have this tile
  __device__ __forceinline__ ItemWalk(const int* firstTokens_, FreshShape shape)
      : firstTokens(firstTokens_), numSequences(shape.numSequences), heads(shape.heads), lane(threadIdx.x & 31) {
    for (int s0 = 0; s0 < numSequences; s0 += 32) tile = max(tile, __reduce_max_sync(~0u, tilesOf(s0 + lane)));
  }
  __device__ __forceinline__ int tokensOf(int s) const { return s < numSequences ? firstTokens[s + 1] - firstTokens[s] : 0; }
  __device__ __forceinline__ int tilesOf(int s) const { return (tokensOf(s) + kTile - 1) / kTile; }
  __device__ __forceinline__ int4 find(int number) {
    while (number >= begin + count) {
      begin += count;
      count = 0;
      if (tile-- <= 0) return make_int4(0, -1, 0, 0);
      for (int s0 = 0; s0 < numSequences; s0 += 32) count += heads * __popc(__ballot_sync(~0u, tilesOf(s0 + lane) > tile));
    }
    int skip = (number - begin) / heads;
    for (int s0 = 0;; s0 += 32) {
      const bool hasTile = tilesOf(s0 + lane) > tile;
      const unsigned all = __ballot_sync(~0u, hasTile);
      const int s = __ffs(__ballot_sync(~0u, hasTile && __popc(all & ((1u << lane) - 1)) == skip)) - 1;
      if (s >= 0) return make_int4(firstTokens[s0 + s], tile, tokensOf(s0 + s), (number - begin) % heads);
      skip -= __popc(all);
    }
  }
};

struct Maps {
  const CUtensorMap *queries, *rotary, *keys, *rotaryKeys, *values;
};

// One warp. Tiles of keys come from the last, the diagonal one, to the first.
DEVICE void copyItems(Maps maps, const int* firstTokens, uint32_t base, Barriers bars, FreshShape shape) {
  ItemWalk walk(firstTokens, shape);
  const int blocks = gridDim.x, block = blockIdx.x;
  const bool copies = walk.lane == 0;
  Stage stage;
  for (int round = 0;; ++round) {
    // Back and forth, so that no block has the longest item of every round.
    const int4 item = walk.find(round * blocks + (round & 1 ? blocks - 1 - block : block));
    barrierWait(bars.queryEmpty, (round & 1) ^ 1);
    if (copies) storeShared16(base + kItemAt, make_uint4(item.x, item.y, item.z, item.w));
    if (item.y < 0) {
      if (copies) barrierArrive(bars.queryFull);
      return;
    }
    if (copies) {
      const int row = item.x + item.y * kTile, column = item.w * kHead;
      const uint32_t query = base + kQueryAt;
      barrierExpect(bars.queryFull, kKeyBoxes * kBoxBytes);
      boxCopy(query, maps.queries, shape.queryColumn + column, row, bars.queryFull);
      boxCopy(query + kBoxBytes, maps.queries, shape.queryColumn + column + 64, row, bars.queryFull);
      boxCopy(query + 2 * kBoxBytes, maps.rotary, item.w * kRope, row, bars.queryFull);
      for (int tile = item.y; tile >= 0; --tile) {
        const int token = item.x + tile * kTile;
        const uint32_t keys = base + kKeysAt + stage.index * kKeyBoxes * kBoxBytes, keysFull = bars.keysFull + 8 * stage.index;
        const uint32_t values = base + kValuesAt + stage.index * kValueBoxes * kBoxBytes, valuesFull = bars.valuesFull + 8 * stage.index;
        barrierWait(bars.keysEmpty + 8 * stage.index, stage.phase ^ 1);
        barrierExpect(keysFull, kKeyBoxes * kBoxBytes);
        boxCopy(keys, maps.keys, column, token, keysFull);
        boxCopy(keys + kBoxBytes, maps.keys, column + 64, token, keysFull);
        boxCopy(keys + 2 * kBoxBytes, maps.rotaryKeys, shape.rotaryKeyColumn, token, keysFull);
        barrierWait(bars.valuesEmpty + 8 * stage.index, stage.phase ^ 1);
        barrierExpect(valuesFull, kValueBoxes * kBoxBytes);
        boxCopy(values, maps.values, column, token, valuesFull);
        boxCopy(values + kBoxBytes, maps.values, column + 64, token, valuesFull);
        stage.advance();
      }
    }
    __syncwarp();
  }
}

// A thread's results of two rows, 8 apart: 16 pairs of neighbouring columns each, 8 columns from pair to pair. Four lanes share a row; they exchange
// what they have, so that each writes 16 bytes at once.
template <typename T> DEVICE void storeRow(const float* o, float factor, T* to, int t4, bool isValid) {
  const bool isOdd = t4 & 1, isHigh = t4 & 2;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    uint32_t w[4];
#pragma unroll
    for (int j = 0; j < 4; ++j) w[j] = Pair<T>::pack(o[16 * i + 4 * j] * factor, o[16 * i + 4 * j + 1] * factor);
    const uint32_t left = __shfl_xor_sync(~0u, isOdd ? w[0] : w[1], 1), right = __shfl_xor_sync(~0u, isOdd ? w[2] : w[3], 1);
    const uint2 low = isOdd ? make_uint2(left, w[1]) : make_uint2(w[0], left);
    const uint2 high = isOdd ? make_uint2(right, w[3]) : make_uint2(w[2], right);
    const uint2 sent = isHigh ? low : high, kept = isHigh ? high : low;
    const uint2 got = make_uint2(__shfl_xor_sync(~0u, sent.x, 2), __shfl_xor_sync(~0u, sent.y, 2));
    const uint4 all = isHigh ? make_uint4(got.x, got.y, kept.x, kept.y) : make_uint4(kept.x, kept.y, got.x, got.y);
    if (isValid) *reinterpret_cast<uint4*>(to + 32 * i + 8 * t4) = all;
  }
}

// The two groups take turns: while one has its products made, the other makes its weights.
template <int GROUP> DEVICE void waitForTurn() { asm volatile("bar.sync %0, 256;" ::"n"(1 + GROUP) : "memory"); }
template <int GROUP> DEVICE void passTurn() { asm volatile("bar.arrive %0, 256;" ::"n"(2 - GROUP) : "memory"); }

// A warpgroup: 64 of an item's queries.
template <typename T, int GROUP> DEVICE void attend(uint32_t base, Barriers bars, T* __restrict__ out, FreshShape shape) {
  const int tid = threadIdx.x & 127, lane = tid & 31, t4 = lane & 3;
  const int row = GROUP * 64 + (tid >> 5) * 16 + (lane >> 2);
  const float scale = shape.scale * kLog2e;
  const bool arrives = lane == 0;
  const uint32_t queryOperand = operand(base + kQueryAt + GROUP * 64 * 128, 16), keysOperand = operand(base + kKeysAt, 16);
  const uint32_t valuesOperand = operand(base + kValuesAt, kBoxBytes);
  Stage stage;
  float s[64], o[64];
  uint32_t p[8][4];
  if (GROUP == 1) passTurn<GROUP>();
  for (uint32_t queryPhase = 0;; queryPhase ^= 1) {
    barrierWait(bars.queryFull, queryPhase);
    const uint4 item = loadShared16(base + kItemAt);
    const int tile = item.y, valid = (int)item.z - tile * kTile;  // queries, and keys of the diagonal tile
    if (tile < 0) return;
    float best0 = -INFINITY, best1 = -INFINITY, mass0 = 0.f, mass1 = 0.f, keep0, keep1;

    const auto multiplyKeys = [&](auto& scores) {
      const uint32_t a = opaque(queryOperand), b = opaque(keysOperand + stage.index * (kKeyBoxes * kBoxBytes >> 4));
#pragma unroll
      for (int k = 0; k < (kHead + kRope) / 16; ++k) {
        const uint32_t d = (k >> 2) * (kBoxBytes >> 4) + (k & 3) * 2;
        productOfRows(T(), scores, a + d, b + d, k > 0);
      }
      productCommit();
    };
    // upperHalf: where the second 64 keys lie, in the units of an operand
    const auto multiplyValues = [&](int index, uint32_t upperHalf) {
      const uint32_t low = opaque(valuesOperand + index * (kValueBoxes * kBoxBytes >> 4)), high = low + upperHalf;
#pragma unroll
      for (int k = 0; k < kTile / 16; ++k) productOfColumns(T(), o, p[k], (k < 4 ? low : high) + (k & 3) * 128);
      productCommit();
    };
    // Scores become weights.
    const auto weigh = [&]() {
      float top0 = best0, top1 = best1;
#pragma unroll
      for (int i = 0; i < 16; ++i) {
        top0 = fmaxf(top0, fmaxf(s[4 * i], s[4 * i + 1]));
        top1 = fmaxf(top1, fmaxf(s[4 * i + 2], s[4 * i + 3]));
      }
      top0 = fmaxf(top0, __shfl_xor_sync(~0u, top0, 1));
      top1 = fmaxf(top1, __shfl_xor_sync(~0u, top1, 1));
      top0 = fmaxf(top0, __shfl_xor_sync(~0u, top0, 2));
      top1 = fmaxf(top1, __shfl_xor_sync(~0u, top1, 2));
      const float shift0 = top0 * scale, shift1 = top1 * scale;
      keep0 = exp2Fast(best0 * scale - shift0);
      keep1 = exp2Fast(best1 * scale - shift1);
      best0 = top0;
      best1 = top1;
      mass0 *= keep0;
      mass1 *= keep1;
#pragma unroll
      for (int i = 0; i < 64; i += 4) {
        s[i] = exp2Fast(s[i] * scale - shift0);
        s[i + 1] = exp2Fast(s[i + 1] * scale - shift0);
        s[i + 2] = exp2Fast(s[i + 2] * scale - shift1);
        s[i + 3] = exp2Fast(s[i + 3] * scale - shift1);
        mass0 += s[i] + s[i + 1];
        mass1 += s[i + 2] + s[i + 3];
      }
    };
    const auto packWeights = [&]() {
#pragma unroll
      for (int k = 0; k < 8; ++k) {
#pragma unroll
        for (int j = 0; j < 4; ++j) p[k][j] = Pair<T>::pack(s[8 * k + 2 * j], s[8 * k + 2 * j + 1]);
        productOperands(p[k]);
      }
    };

    // The diagonal tile. Its second 64 keys are later than all queries of the first group.
    barrierWait(bars.keysFull + 8 * stage.index, stage.phase);
    productFence();
    if constexpr (GROUP == 0) multiplyKeys(reinterpret_cast<float(&)[32]>(s));
    else multiplyKeys(s);
    productWait<0>();
    productKeep(s);
    if (arrives) barrierArrive(bars.keysEmpty + 8 * stage.index);
    if (arrives && tile == 0) barrierArrive(bars.queryEmpty);
#pragma unroll
    for (int i = 0; i < 64; ++i) {
      const int key = (i >> 2) * 8 + t4 * 2 + (i & 1);
      if ((GROUP == 0 && i >= 32) || key > row + (i & 2) * 4) s[i] = -INFINITY;
    }
    weigh();
    packWeights();
#pragma unroll
    for (int i = 0; i < 64; ++i) o[i] = 0.f;
    barrierWait(bars.valuesFull + 8 * stage.index, stage.phase);
    // Tokens of another sequence, or of none: 0 * NaN must not reach the output. The other group's rows then either lie before them or are no queries.
    if (valid > GROUP * 64 && valid < GROUP * 64 + 64) {
      const uint32_t values = base + kValuesAt + stage.index * kValueBoxes * kBoxBytes;
      for (int i = valid * 16 + tid; i < (GROUP * 64 + 64) * 16; i += 128)
        storeShared16(values + (i & 8) / 8 * kBoxBytes + (i >> 4) * 128 + (i & 7) * 16, make_uint4(0, 0, 0, 0));
      asyncProxyFence();
      namedBarrier(3 + GROUP, 128);
    }
    // Weights of 0 in the first group: they meet the first 64 values once more, since among the others may be a NaN of a later token.
    uint32_t upperHalf = GROUP == 0 ? 0 : 64 * 128 >> 4;
    for (int left = tile; left > 0; --left) {
      const Stage before = stage;
      stage.advance();
      barrierWait(bars.keysFull + 8 * stage.index, stage.phase);
      barrierWait(bars.valuesFull + 8 * before.index, before.phase);
      waitForTurn<GROUP>();
      productFence();
      multiplyKeys(s);
      multiplyValues(before.index, upperHalf);
      passTurn<GROUP>();
      productWait<1>();
      productKeep(s);
      if (arrives) barrierArrive(bars.keysEmpty + 8 * stage.index);
      if (arrives && left == 1) barrierArrive(bars.queryEmpty);
      weigh();
      productWait<0>();
      productKeep(o);
      if (arrives) barrierArrive(bars.valuesEmpty + 8 * before.index);
      packWeights();
#pragma unroll
      for (int i = 0; i < 64; ++i) o[i] *= i & 2 ? keep1 : keep0;
      upperHalf = 64 * 128 >> 4;
    }
    barrierWait(bars.valuesFull + 8 * stage.index, stage.phase);
    productFence();
    multiplyValues(stage.index, upperHalf);
    productWait<0>();
    productKeep(o);
    if (arrives) barrierArrive(bars.valuesEmpty + 8 * stage.index);
    stage.advance();

    mass0 += __shfl_xor_sync(~0u, mass0, 1);
    mass1 += __shfl_xor_sync(~0u, mass1, 1);
    mass0 += __shfl_xor_sync(~0u, mass0, 2);
    mass1 += __shfl_xor_sync(~0u, mass1, 2);
    const size_t stride = (size_t)shape.heads * kHead;
    T* to = out + ((int)item.x + tile * kTile + row) * stride + item.w * kHead;
    storeRow(o, 1.f / mass0, to, t4, row < valid);
    storeRow(o + 2, 1.f / mass1, to + 8 * stride, t4, row + 8 < valid);
  }
}

// 384 threads, one block an SM and as many as there are SMs at most. Warpgroups 0 and 1 multiply; a warp of warpgroup 2 keeps two tiles
// of keys and values in flight, and fetches the queries of the next item once the last keys have met this one's.
template <typename T>
DEVICE void freshAttention(Maps maps, const int* __restrict__ firstTokens, T* __restrict__ out, FreshShape shape) {
  extern __shared__ __align__(1024) uint8_t shared[];
  const uint32_t base = sharedAddress(shared);
  const Barriers bars(base + kBarriersAt);
  const int group = threadIdx.x >> 7;
  if (threadIdx.x == 0) {
    barrierInit(bars.queryFull, 1);
    barrierInit(bars.queryEmpty, 8);
    for (int i = 0; i < 2; ++i) {
      barrierInit(bars.keysFull + 8 * i, 1);
      barrierInit(bars.keysEmpty + 8 * i, 8);
      barrierInit(bars.valuesFull + 8 * i, 1);
      barrierInit(bars.valuesEmpty + 8 * i, 8);
    }
    barrierInitFence();
  }
  __syncthreads();
  if (group == 2) {
    registersDown<40>();
    if (threadIdx.x < 288) copyItems(maps, firstTokens, base, bars, shape);
  } else if (group == 0) {
    registersUp<232>();
    attend<T, 0>(base, bars, out, shape);
  } else {
    registersUp<232>();
    attend<T, 1>(base, bars, out, shape);
  }
}

#define DEFINE(SUFFIX, T)                                                                                             \
  extern "C" __global__ void __launch_bounds__(384, 1) attentionFresh_##SUFFIX(                                        \
      const __grid_constant__ CUtensorMap queries, const __grid_constant__ CUtensorMap rotary,                        \
      const __grid_constant__ CUtensorMap keys, const __grid_constant__ CUtensorMap rotaryKeys,                       \
      const __grid_constant__ CUtensorMap values, const int* firstTokens, T* out, FreshShape shape) {                 \
    freshAttention<T>(Maps{&queries, &rotary, &keys, &rotaryKeys, &values}, firstTokens, out, shape);                  \
  }
DEFINE(f16, __half)
DEFINE(bf16, __nv_bfloat16)
extern "C" __device__ const int attentionFresh_sharedBytes = kShared;

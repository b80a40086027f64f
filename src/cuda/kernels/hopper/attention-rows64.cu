// Paged MLA attention for 64 query rows a block (wgmma): decoding where a sequence has many rows (128 heads, or several new
// tokens), and prefill chunks on top of a cached context.
#include "attention.cuh"
#include "rows64-tiles.cuh"
#include "wgmma.cuh"

// 384 threads, one block an SM. Warpgroup 0: scores, softmax, columns 0 to 255 of the output. Warpgroup 1: the other columns.
// Warpgroup 2 keeps two tiles of keys in flight (rows64-tiles.cuh).
struct ChunkShape {
  int numTokens, numSequences, heads, maxBlocks;
  float scale;
};

// Decoding: the plan's pieces, grid (blocks, ceil(queryLength * heads / 64)).
struct DecodeWalk {
  static constexpr bool kReadsOnce = true;
  PieceWalk walk;
  DecodeShape shape;
  __device__ __forceinline__ DecodeWalk(const int* plan, const int* lengths, DecodeShape shape_)
      : walk(plan, lengths, blockIdx.x), shape(shape_) {}
  __device__ __forceinline__ bool next(Work& work) {
    Piece piece;
    if (!walk.next(piece)) return false;
    const int all = shape.queryLength * shape.heads;
    work.sequence = piece.sequence;
    work.token = piece.sequence * shape.queryLength;
    work.row = blockIdx.y * 64;
    work.rows = min(64, all - work.row);
    work.length = piece.length;
    work.before = piece.length - shape.queryLength;
    work.firstTile = piece.firstTile;
    work.tiles = piece.tiles;
    work.partial = (size_t)max(piece.slot, 0) * all + work.row;
    work.isWhole = piece.slot < 0;
    return true;
  }
};

// Chunks: 64 rows a block, grid (at least the sum over the sequences of ceil(new tokens * heads / 64)); one that finds no rows is surplus.
struct ChunkWalk {
  static constexpr bool kReadsOnce = false;  // other blocks have read the tile, or soon will
  Work work;
  bool isLeft;
  int surplus;  // which of the surplus blocks this is, where isLeft is false from the start
  __device__ __forceinline__ ChunkWalk(const int* lengths, const int* firstTokens, ChunkShape shape) : isLeft(false) {
    const int lane = threadIdx.x & 31;
    surplus = blockIdx.x;
    for (int s0 = 0; s0 < shape.numSequences; s0 += 32) {
      const int s = s0 + lane, first = s < shape.numSequences ? firstTokens[s] : 0;
      const int count = s < shape.numSequences ? firstTokens[s + 1] - first : 0;
      int scan = (count * shape.heads + 63) / 64;
      for (int d = 1; d < 32; d <<= 1) {
        const int v = __shfl_up_sync(~0u, scan, d);
        if (lane >= d) scan += v;
      }
      const unsigned hit = __ballot_sync(~0u, scan > surplus);
      if (!hit) {
        surplus -= __shfl_sync(~0u, scan, 31);
        continue;
      }
      const int owner = __ffs(hit) - 1;
      const int tile = __shfl_sync(~0u, scan, owner) - 1 - surplus;  // the sequence's last rows first: they have the most keys
      const int tokens = __shfl_sync(~0u, count, owner);
      work.sequence = s0 + owner;
      work.token = __shfl_sync(~0u, first, owner);
      work.row = tile * 64;
      work.rows = min(64, tokens * shape.heads - work.row);
      work.length = lengths[work.sequence];
      work.before = work.length - tokens;
      work.firstTile = 0;
      work.tiles = max(1, (work.before + (work.row + work.rows - 1) / shape.heads + kTile) / kTile);
      work.partial = 0;
      work.isWhole = true;
      isLeft = true;
      break;
    }
  }
  __device__ __forceinline__ bool next(Work& to) {
    to = work;
    const bool result = isLeft;
    isLeft = false;
    return result;
  }
};

// By both groups that multiply; they meet at the barrier `ready`.
template <typename T>
DEVICE void loadQuery(uint32_t to, const T* __restrict__ absorbed, const T* __restrict__ rotary, const Work& work, int numTokens,
                      int heads, int tid, uint32_t ready, uint32_t phase) {
  const int lane = tid & 31;
#pragma unroll 4
  for (int r = tid >> 5; r < 64; r += 8) {  // a warp a row
    const int head = (work.row + r) % heads, token = work.token + (work.row + r) / heads;
    const uint4* latent = reinterpret_cast<const uint4*>(absorbed + ((size_t)head * numTokens + token) * kRank);
    const uint4* rope = reinterpret_cast<const uint4*>(rotary + ((size_t)token * heads + head) * kRope);
    uint4 v[3] = {};
    if (r < work.rows) {
      v[0] = latent[lane];
      v[1] = latent[32 + lane];
      if (lane < kRope / 8) v[2] = rope[lane];
    }
    storeShared16(to + swizzled(r, lane), v[0]);
    storeShared16(to + swizzled(r, 32 + lane), v[1]);
    if (lane < kRope / 8) storeShared16(to + swizzled(r, kRank / 8 + lane), v[2]);
  }
  asyncProxyFence();
  barrierArrive(ready);
  barrierWait(ready, phase);
}

// This thread's accumulators of a half of 256 columns; rows r and r + 8 of the work's.
template <typename T>
DEVICE void storeRows(const float (&o)[128], float scale0, float scale1, const Work& work, int r, int column, int numTokens, int heads,
                      T* out, float* partials) {
  if (work.isWhole) {
    T* to0 = out + outputRow(work.token, work.row + r, numTokens, heads) + column;
    T* to1 = out + outputRow(work.token, work.row + r + 8, numTokens, heads) + column;
#pragma unroll
    for (int n = 0; n < 32; ++n) {
      if (r < work.rows) *reinterpret_cast<uint32_t*>(to0 + n * 8) = Pair<T>::pack(o[4 * n] * scale0, o[4 * n + 1] * scale0);
      if (r + 8 < work.rows) *reinterpret_cast<uint32_t*>(to1 + n * 8) = Pair<T>::pack(o[4 * n + 2] * scale1, o[4 * n + 3] * scale1);
    }
  } else {
    float* to = partials + (work.partial + r) * kRank + column;
#pragma unroll
    for (int n = 0; n < 32; ++n) {
      if (r < work.rows) *reinterpret_cast<float2*>(to + n * 8) = make_float2(o[4 * n] * scale0, o[4 * n + 1] * scale0);
      if (r + 8 < work.rows)
        *reinterpret_cast<float2*>(to + 8 * kRank + n * 8) = make_float2(o[4 * n + 2] * scale1, o[4 * n + 3] * scale1);
    }
  }
}

template <typename T, typename Pages, typename Walk, typename Shape>
DEVICE void rows64(Walk walk, Pages pages, const T* __restrict__ absorbed, const T* __restrict__ rotary,
                   const int* __restrict__ blockTable, T* __restrict__ out, float* __restrict__ partials,
                   float* __restrict__ partialLse, Shape shape) {
  extern __shared__ __align__(1024) uint8_t shared[];
  const uint32_t base = sharedAddress(shared);
  const int tid = threadIdx.x, group = tid >> 7, lane = tid & 31, warp = (tid >> 5) & 3;
  const uint32_t full = base + kBarriersAt, leftFree = full + 48, rightFree = full + 64, weightsReady = full + 80;
  const uint32_t weightsFree = full + 88, queryReady = full + 96, bytes = full + 104;
  if (tid == 0) {
    for (int i = 0; i < 6; ++i) barrierInit(full + 8 * i, Pages::kPublishers);
    for (int i = 0; i < 2; ++i) barrierInit(bytes + 8 * i, 1);
    for (int i = 0; i < 4; ++i) barrierInit(leftFree + 8 * i, 4);
    barrierInit(weightsReady, 128);
    barrierInit(weightsFree, 4);
    barrierInit(queryReady, 256);
    barrierInitFence();
  }
  __syncthreads();
  letNextKernelStart();
  waitForPreviousKernel();
  Work work;
  int stage = 0;
  uint32_t phase = 0, weightsPhase = 0, queryPhase = 0;
  const auto advance = [&]() { advanceStage<2>(stage, phase); };
  float* factors = reinterpret_cast<float*>(shared + kFactorsAt);
  const int r = warp * 16 + (lane >> 2), t4 = lane & 3, heads = shape.heads, numTokens = shape.numTokens;

  if (group == 2) {  // ---- copies
    registersDown<Pages::kCopyRegisters>();
    copyTiles<T>(pages, walk, Stages{base + kKeysAt, full, leftFree, rightFree, bytes}, blockTable, shape.maxBlocks, tid - 256, shared);
  } else if (group == 0) {  // ---- scores, softmax, left half of the output
    registersUp<Pages::kProductRegisters>();
    const float scale = shape.scale * kLog2e;
    const uint32_t queryOperand = operand(base + kQueryAt, 16);
    const uint32_t keysOperand = operand(base + kKeysAt, 16), valuesOperand = operand(base + kKeysAt, kBoxBytes);
    const uint32_t weightsTo = base + kWeightsAt + r * 128 + t4 * 4;
    const int g = lane >> 2;
    float o[128], s[32];
    while (walk.next(work)) {
      loadQuery(base + kQueryAt, absorbed, rotary, work, numTokens, heads, tid, queryReady, queryPhase);
      queryPhase ^= 1;
#pragma unroll
      for (int i = 0; i < 128; ++i) o[i] = 0.f;
      float best0 = -INFINITY, best1 = -INFINITY, mass0 = 0.f, mass1 = 0.f;
      // keys that the first of the rows, and this thread's two, may look at
      const int limit = work.before + work.row / heads + 1;
      const int limit0 = work.before + (work.row + r) / heads + 1, limit1 = work.before + (work.row + r + 8) / heads + 1;

      const auto startScores = [&](int j) {  // each third of tile j as it arrives
        const uint32_t bar = full + 24 * stage;
        barrierWait(bar, phase);
        const int valid = work.length - (work.firstTile + j) * kTile;
        if (valid < kTile) {  // rows of the last page that nothing wrote: 0 * NaN must not reach the output
          const uint32_t keys = base + kKeysAt + stage * kTileBytes;
          const int from = max(valid, 0);
          barrierWait(bar + 8, phase);
          barrierWait(bar + 16, phase);
          for (int i = tid; i < (kTile - from) * 64; i += 128) storeShared16(keys + swizzled(from + i / 64, i % 64), make_uint4(0, 0, 0, 0));
          asyncProxyFence();
          namedBarrier(3, 128);
        }
        const uint32_t a = opaque(queryOperand), b = opaque(keysOperand + stage * (kTileBytes >> 4));
        productFence();
#pragma unroll
        for (int k = 0; k < 36; ++k) {
          const uint32_t d = (k >> 2) * (kBoxBytes >> 4) + (k & 3) * 2;
          if (k == 12 || k == 24) {
            barrierWait(bar + k / 12 * 8, phase);
            productFence();
          }
          productOfRows(T(), s, a + d, b + d, k > 0);
        }
        productCommit();
      };
      startScores(0);
      productWait<0>();
      productKeep(s);
      const auto step = [&](int j, bool isLast) {
        const int first = (work.firstTile + j) * kTile;
        if (first + kTile > limit) {
#pragma unroll
          for (int i = 0; i < 32; ++i) {
            const int key = first + (i >> 2) * 8 + t4 * 2 + (i & 1);
            if (key >= ((i & 2) ? limit1 : limit0)) s[i] = -INFINITY;
          }
        }
        float top0 = s[0], top1 = s[2];
#pragma unroll
        for (int i = 0; i < 32; ++i) {
          if (i & 2) top1 = fmaxf(top1, s[i]);
          else top0 = fmaxf(top0, s[i]);
        }
        top0 = fmaxf(top0, __shfl_xor_sync(~0u, top0, 1));
        top1 = fmaxf(top1, __shfl_xor_sync(~0u, top1, 1));
        top0 = fmaxf(best0, fmaxf(top0, __shfl_xor_sync(~0u, top0, 2)));
        top1 = fmaxf(best1, fmaxf(top1, __shfl_xor_sync(~0u, top1, 2)));
        const float shift0 = top0 == -INFINITY ? 0.f : top0 * scale, shift1 = top1 == -INFINITY ? 0.f : top1 * scale;
        const float keep0 = exp2Fast(best0 * scale - shift0), keep1 = exp2Fast(best1 * scale - shift1);
        best0 = top0;
        best1 = top1;
        mass0 *= keep0;
        mass1 *= keep1;
        uint32_t p[4][4];
#pragma unroll
        for (int i = 0; i < 8; ++i) {
          const float a = exp2Fast(s[4 * i] * scale - shift0), b = exp2Fast(s[4 * i + 1] * scale - shift0);
          const float c = exp2Fast(s[4 * i + 2] * scale - shift1), d = exp2Fast(s[4 * i + 3] * scale - shift1);
          mass0 += a + b;
          mass1 += c + d;
          p[i >> 1][(i & 1) * 2] = Pair<T>::pack(a, b);
          p[i >> 1][(i & 1) * 2 + 1] = Pair<T>::pack(c, d);
        }
        barrierWait(weightsFree, weightsPhase ^ 1);
#pragma unroll
        for (int i = 0; i < 8; ++i) {
          storeShared4(weightsTo + ((i ^ g) << 4), p[i >> 1][(i & 1) * 2]);
          storeShared4(weightsTo + 1024 + ((i ^ g) << 4), p[i >> 1][(i & 1) * 2 + 1]);
        }
        if (t4 == 0) {
          factors[r] = keep0;
          factors[r + 8] = keep1;
        }
        asyncProxyFence();
        barrierArrive(weightsReady);
        weightsPhase ^= 1;
        if (__any_sync(~0u, keep0 != 1.f || keep1 != 1.f)) {
#pragma unroll
          for (int i = 0; i < 128; ++i) o[i] *= (i & 2) ? keep1 : keep0;
        }
        productFence();
#pragma unroll
        for (int k = 0; k < 4; ++k) productOfColumns(T(), o, p[k], valuesOperand + stage * (kTileBytes >> 4) + k * 128);
        productCommit();
        const uint32_t release = leftFree + 8 * stage;
        advance();
        if (isLast) {
          productWait<0>();
          productKeep(o);
          if (lane == 0) barrierArrive(release);
          return;
        }
        startScores(j + 1);
        productWait<1>();
        productKeep(o);
        if (lane == 0) barrierArrive(release);
        productWait<0>();
        productKeep(s);
      };
      for (int j = 0; j + 1 < work.tiles; ++j) step(j, false);  // the last is apart: ptxas serialises wgmma otherwise (C7514)
      step(work.tiles - 1, true);
      mass0 += __shfl_xor_sync(~0u, mass0, 1);
      mass1 += __shfl_xor_sync(~0u, mass1, 1);
      mass0 += __shfl_xor_sync(~0u, mass0, 2);
      mass1 += __shfl_xor_sync(~0u, mass1, 2);
      const float inverse0 = mass0 > 0.f ? 1.f / mass0 : 0.f, inverse1 = mass1 > 0.f ? 1.f / mass1 : 0.f;
      barrierWait(weightsFree, weightsPhase ^ 1);
      if (t4 == 0) {
        factors[r] = inverse0;
        factors[r + 8] = inverse1;
      }
      barrierArrive(weightsReady);
      weightsPhase ^= 1;
      storeRows(o, inverse0, inverse1, work, r, t4 * 2, numTokens, heads, out, partials);
      if (!work.isWhole && t4 == 0) {
        if (r < work.rows) partialLse[work.partial + r] = mass0 > 0.f ? best0 * scale + log2f(mass0) : -INFINITY;
        if (r + 8 < work.rows) partialLse[work.partial + r + 8] = mass1 > 0.f ? best1 * scale + log2f(mass1) : -INFINITY;
      }
    }
  } else {  // ---- right half of the output
    registersUp<Pages::kProductRegisters>();
    const uint32_t weightsOperand = operand(base + kWeightsAt, 16), valuesOperand = operand(base + kKeysAt + 4 * kBoxBytes, kBoxBytes);
    float o[128];
    while (walk.next(work)) {
      loadQuery(base + kQueryAt, absorbed, rotary, work, numTokens, heads, tid, queryReady, queryPhase);
      queryPhase ^= 1;
#pragma unroll
      for (int i = 0; i < 128; ++i) o[i] = 0.f;
      for (int j = 0; j < work.tiles; ++j) {
        for (int i = 0; i < 3; ++i) barrierWait(full + 24 * stage + 8 * i, phase);
        barrierWait(weightsReady, weightsPhase);
        weightsPhase ^= 1;
        const float keep0 = factors[r], keep1 = factors[r + 8];
        if (__any_sync(~0u, keep0 != 1.f || keep1 != 1.f)) {
#pragma unroll
          for (int i = 0; i < 128; ++i) o[i] *= (i & 2) ? keep1 : keep0;
        }
        productFence();
#pragma unroll
        for (int k = 0; k < 4; ++k) productOfColumns(T(), o, weightsOperand + k * 2, valuesOperand + stage * (kTileBytes >> 4) + k * 128, 1);
        productCommit();
        productWait<0>();
        productKeep(o);
        if (lane == 0) {
          barrierArrive(weightsFree);
          barrierArrive(rightFree + 8 * stage);
        }
        advance();
      }
      barrierWait(weightsReady, weightsPhase);
      weightsPhase ^= 1;
      const float inverse0 = factors[r], inverse1 = factors[r + 8];
      __syncwarp();
      if (lane == 0) barrierArrive(weightsFree);
      storeRows(o, inverse0, inverse1, work, r, 256 + t4 * 2, numTokens, heads, out, partials);
    }
  }
}

// Tokens of no sequence (padding at the end of the step) get zeros; the surplus blocks share them.
template <typename T> DEVICE void clearPadding(const int* firstTokens, int surplus, ChunkShape shape, T* out) {
  const int first = firstTokens[shape.numSequences], count = shape.numTokens - first, perHead = count * (kRank / 8);
  const int numSurplus = gridDim.x - (blockIdx.x - surplus);
  for (int i = surplus * blockDim.x + threadIdx.x; i < shape.heads * perHead; i += numSurplus * blockDim.x) {
    T* head = out + ((size_t)(i / perHead) * shape.numTokens + first) * kRank;
    reinterpret_cast<uint4*>(head)[i % perHead] = make_uint4(0, 0, 0, 0);
  }
}

#define DEFINE(SUFFIX, T)                                                                                             \
  extern "C" __global__ void __launch_bounds__(384, 1) attentionDecode64_##SUFFIX(                                     \
      const __grid_constant__ CUtensorMap pool, const T* absorbed, const T* rotary, const int* blockTable,            \
      const int* lengths, const int* plan, T* out, float* partials, float* partialLse, DecodeShape shape) {           \
    rows64<T>(DecodeWalk(plan, lengths, shape), PlainPages{&pool}, absorbed, rotary, blockTable, out, partials,        \
              partialLse, shape);                                                                                     \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(384, 1) attentionChunks_##SUFFIX(                                       \
      const __grid_constant__ CUtensorMap pool, const T* absorbed, const T* rotary, const int* blockTable,            \
      const int* lengths, const int* firstTokens, T* out, ChunkShape shape) {                                         \
    const ChunkWalk walk(lengths, firstTokens, shape);                                                                \
    if (walk.isLeft) rows64<T>(walk, PlainPages{&pool}, absorbed, rotary, blockTable, out, nullptr, nullptr, shape);   \
    else clearPadding<T>(firstTokens, walk.surplus, shape, out);                                                      \
  }
#define DEFINE_CODED(KIND, Code, SUFFIX, T)                                                                           \
  extern "C" __global__ void __launch_bounds__(384, 1) attentionDecode64##KIND##_##SUFFIX(                             \
      const __grid_constant__ CUtensorMap map, const uint8_t* pool, const T* absorbed, const T* rotary,               \
      const int* blockTable, const int* lengths, const int* plan, T* out, float* partials, float* partialLse,         \
      DecodeShape shape) {                                                                                            \
    rows64<T>(DecodeWalk(plan, lengths, shape), CodedPages<Code>{&map, pool}, absorbed, rotary, blockTable, out,       \
              partials, partialLse, shape);                                                                           \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(384, 1) attentionChunks##KIND##_##SUFFIX(                               \
      const __grid_constant__ CUtensorMap map, const uint8_t* pool, const T* absorbed, const T* rotary,               \
      const int* blockTable, const int* lengths, const int* firstTokens, T* out, ChunkShape shape) {                  \
    const ChunkWalk walk(lengths, firstTokens, shape);                                                                \
    if (walk.isLeft)                                                                                                  \
      rows64<T>(walk, CodedPages<Code>{&map, pool}, absorbed, rotary, blockTable, out, nullptr, nullptr, shape);      \
    else clearPadding<T>(firstTokens, walk.surplus, shape, out);                                                      \
  }
DEFINE(f16, __half)
DEFINE(bf16, __nv_bfloat16)
DEFINE_CODED(Fp8, E4m3, f16, __half)
DEFINE_CODED(Fp8, E4m3, bf16, __nv_bfloat16)
DEFINE_CODED(Int8, Int8, f16, __half)
DEFINE_CODED(Int8, Int8, bf16, __nv_bfloat16)
extern "C" __device__ const int attentionRows64_sharedBytes = kRows64Shared;
extern "C" __device__ const int attentionRows64Fp8_sharedBytes = kRows64CodesShared;
extern "C" __device__ const int attentionRows64Int8_sharedBytes = kRows64CodesShared;

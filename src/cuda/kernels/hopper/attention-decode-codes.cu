// Decoding over 8-bit latents: split-KV attention for 16 query rows a block, as attention-decode.cu does it, which also has the plan
// and the sum of the partial results.
//
// Values are multiplied as what their codes say, which f16 holds exactly, whatever T is; only the keys' rotary parts are in T. A token's
// four scales come in afterwards in float: scores are sums of four products over 128 columns, each times its scale, and the weights of
// the values are one set for each 128 columns, each times its scale. So that these fit f16, the running maximum is that of score
// plus logarithm of the largest scale. Queries in bf16 fit f16 once a row is scaled by a power of two.
#include "decode16.cuh"
#include "code-pairs.cuh"

constexpr int kStages = 5;
constexpr int kBlocks = kRank / 128;          // that have a scale
constexpr int kOperandsAt = 16 * kQueryPitch;  // in a stage that holds a query: its latent part as operands of products
constexpr int kOperandPitch = 512 + 16;       // of 16 columns
constexpr int kWeightPitch = kTile * 2 + 16;
constexpr int kWeightsBytes = 16 * kWeightPitch;
constexpr int kWeightsAt = kStages * kCodedTileBytes;             // [kBlocks][16][kTile] half
constexpr int kMaximaAt = kWeightsAt + kBlocks * kWeightsBytes;   // [16][8] float
constexpr int kMassesAt = kMaximaAt + 512;                        // [16][8] float
constexpr int kNormsAt = kMassesAt + 512;                         // [16] float
constexpr int kBarriersAt = kNormsAt + 64;                        // full[5], empty[5]
constexpr int kDecode16CodesShared = kBarriersAt + 16 * kStages;
static_assert(kDecode16CodesShared <= kSharedLimit && kOperandsAt + 32 * kOperandPitch <= kCodedTileBytes, "shared memory");

template <typename T> constexpr bool kFitsHalf = false;
template <> constexpr bool kFitsHalf<__half> = true;

// Lays out the latent parts of a query's rows g and g + 8 as operands of products with bytes, in f16. Those of bf16 are scaled by
// powers of two: the largest of a row comes to lie between 2^8 and 2^9; what undoes it goes to norms. By one warp.
template <typename T> DEVICE void layQuery(uint32_t query, float* norms, int g, int lane) {
  uint4 v[2][2];  // of both rows, the columns from 8 lane and from 256 + 8 lane on
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    const uint32_t row = query + (g + 8 * r) * kQueryPitch + lane * 16;
    v[r][0] = loadShared16(row);
    v[r][1] = loadShared16(row + 512);
    if (kFitsHalf<T>) continue;
    float largest = 0.f;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const float2 x = Pair<T>::unpack((&v[r][i >> 2].x)[i & 3]);
      largest = fmaxf(largest, fmaxf(fabsf(x.x), fabsf(x.y)));
    }
    const uint32_t exponent = min(max(__float_as_uint(warpMax(largest)) >> 23, 9u), 254u);
    const float factor = __uint_as_float((262 - exponent) << 23);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      uint32_t& pair = (&v[r][i >> 2].x)[i & 3];
      const float2 x = Pair<T>::unpack(pair);
      pair = Pair<__half>::pack(x.x * factor, x.y * factor);
    }
    if (lane == 0) norms[g + 8 * r] = __uint_as_float((exponent - 8) << 23);
  }
  // A thread of the products has, of 16 columns, 4 neighbouring ones of both rows.
  const uint32_t to = query + kOperandsAt + lane / 2 * kOperandPitch + (g * 4 + lane % 2 * 2) * 16;
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    storeShared16(to + i * 16 * kOperandPitch, make_uint4(v[0][i].x, v[1][i].x, v[0][i].y, v[1][i].y));
    storeShared16(to + i * 16 * kOperandPitch + 16, make_uint4(v[0][i].z, v[1][i].z, v[0][i].w, v[1][i].w));
  }
}

DEVICE float largestOf(float4 v) { return fmaxf(fmaxf(v.x, v.y), fmaxf(v.z, v.w)); }

// Grid (blocks, queryLength * heads / 16), 384 threads, one block an SM: 8 warps that compute and a warpgroup that copies.
// A warp holds all 16 query rows in registers, takes 8 of a tile's 64 tokens for the scores and 64 of the 512 columns for
// the weighted sum.
//
// Byte matrices go through ldmatrix as if pairs of bytes were elements. Of a row of keys a thread then has 4 neighbouring values of 16:
// queries are laid out in registers to match. Of two rows of values it has two neighbouring columns: columns 2 n and 2 n + 1 of 16 are
// column n of two products, and a thread's results in both are 4 neighbouring columns.
template <typename T, typename Code>
DEVICE void decode16(const uint8_t* __restrict__ pool, const T* __restrict__ absorbed, const T* __restrict__ rotary,
                     const int* __restrict__ blockTable, const int* __restrict__ lengths, const int* __restrict__ plan,
                     T* __restrict__ out, float* __restrict__ partials, float* __restrict__ partialLse, DecodeShape shape) {
  using Codes = CodePairs<Code>;
  extern __shared__ __align__(1024) uint8_t shared[];
  const uint32_t base = sharedAddress(shared);
  // The shuffle tells the compiler that a warp agrees on its number: it goes to a uniform register.
  const int tid = threadIdx.x, warp = __shfl_sync(~0u, tid >> 5, 0), lane = tid & 31;
  const uint32_t full = base + kBarriersAt, empty = full + 8 * kStages;
  if (tid == 0) initStages<kStages>(full, empty, 8);
  __syncthreads();
  letNextKernelStart();

  const int rows = shape.queryLength * shape.heads, row0 = blockIdx.y * 16;
  const int token = row0 / shape.heads, head = row0 % shape.heads;  // of the 16 rows: which of the new tokens, first head
  PieceWalk walk(plan, lengths, blockIdx.x);
  Piece piece;
  int stage = 0;
  uint32_t phase = 0;
  const auto advance = [&]() { advanceStage<kStages>(stage, phase); };

  if (warp >= 8) {  // ---- copies, by one warp
    registersDown<24>();
    const auto copyTile = [=](uint32_t to, int page, uint32_t bar) {
      constexpr int kPart = kCodedTileBytes / 4;
      if (lane < 4) bulkCopy(to + lane * kPart, pool + (size_t)page * kCodedTileBytes + lane * kPart, kPart, bar);
    };
    copyPieces<kStages, kCodedTileBytes>(walk, warp == 8, lane, base, full, empty, token, head, absorbed, rotary, blockTable, shape, copyTile);
    return;
  }

  // ---- products
  registersUp<240>();
  const int g = lane >> 2, t4 = lane & 3, r8 = lane & 7, quad = lane >> 3;
  const float scale = shape.scale * kLog2e;
  float* maxima = reinterpret_cast<float*>(shared + kMaximaAt);
  float* masses = reinterpret_cast<float*>(shared + kMassesAt);
  float* norms = reinterpret_cast<float*>(shared + kNormsAt);
  const int column = warp * 8 + t4 * 2;  // this thread's two tokens of a tile
  // byte offsets of this lane's rows for ldmatrix: keys (a matrix of each block), their rotary parts, values, weights
  const uint32_t keysAt = (warp * 8 + r8) * kCodedRow + quad * 128, ropeAt = (warp * 8 + r8) * kCodedRow + kCodedRopeAt + quad * 16;
  const int leftRow = (quad & 1) * 8 + r8;
  const uint32_t valuesAt = leftRow * kCodedRow + (quad >> 1) * 16 + warp * 64;
  const uint32_t weightsAt = base + kWeightsAt + warp / 2 * kWeightsBytes + leftRow * kWeightPitch + (quad >> 1) * 16;
  waitForPreviousKernel();

  while (walk.next(piece)) {
    uint32_t query[32][4], rope[4][4];
    barrierWait(full + 8 * stage, phase);
    const uint32_t queryAt = base + stage * kCodedTileBytes;
    layQuery<T>(queryAt, norms, warp, lane);
    asyncProxyFence();
    namedBarrier(1, 256);
#pragma unroll
    for (int k = 0; k < 32; ++k) *reinterpret_cast<uint4*>(query[k]) = loadShared16(queryAt + kOperandsAt + k * kOperandPitch + lane * 16);
#pragma unroll
    for (int k = 0; k < 4; ++k) loadMatrix4(rope[k], queryAt + leftRow * kQueryPitch + kRank * 2 + (quad >> 1) * 16 + k * 32);
    __syncwarp();
    if (lane == 0) barrierArrive(empty + 8 * stage);
    advance();

    // Of rows g and g + 8. best: of score + log2 of the token's largest scale.
    float o[8][4], best0 = -INFINITY, best1 = -INFINITY, mass0 = 0.f, mass1 = 0.f;
#pragma unroll
    for (int i = 0; i < 8; ++i) o[i][0] = o[i][1] = o[i][2] = o[i][3] = 0.f;
    const int visible = piece.length - shape.queryLength + token + 1;

    for (int j = 0; j < piece.tiles; ++j) {
      const int first = (piece.firstTile + j) * kTile;
      const int valid = min(kTile, piece.length - first), limit = visible - first;
      const uint32_t tile = base + stage * kCodedTileBytes;
      barrierWait(full + 8 * stage, phase);

      float s[kBlocks][4], r[4] = {};
#pragma unroll
      for (int i = 0; i < kBlocks; ++i) s[i][0] = s[i][1] = s[i][2] = s[i][3] = 0.f;
#pragma unroll
      for (int k = 0; k < 8; ++k) {  // 16 columns of each block: their sums do not wait for each other
        uint32_t b[kBlocks];
        loadMatrix4(b, tile + keysAt + k * 16);
#pragma unroll
        for (int i = 0; i < kBlocks; ++i) multiplyAdd<__half>(s[i], query[i * 8 + k], Codes::lower(b[i]), Codes::upper(b[i]));
      }
#pragma unroll
      for (int k = 0; k < 2; ++k) {
        uint32_t b[4];
        loadMatrix4(b, tile + ropeAt + k * 64);
        multiplyAdd<T>(r, rope[2 * k], b[0], b[1]);
        multiplyAdd<T>(r, rope[2 * k + 1], b[2], b[3]);
      }
      // The scales of this thread's tokens; those of tokens that are not there may be anything.
      const float* scales = reinterpret_cast<const float*>(shared + stage * kCodedTileBytes + column * kCodedRow + kCodedScalesAt);
      float4 scales0 = *reinterpret_cast<const float4*>(scales), scales1 = *reinterpret_cast<const float4*>(scales + kCodedRow / 4);
      const auto score = [&](int i, float4 by, float norm) {
        return (((s[0][i] * by.x + s[1][i] * by.y) + (s[2][i] * by.z + s[3][i] * by.w)) * norm + r[i]) * scale;
      };
      const float norm0 = kFitsHalf<T> ? 1.f : norms[g], norm1 = kFitsHalf<T> ? 1.f : norms[g + 8];
      float x0 = score(0, scales0, norm0), x1 = score(1, scales1, norm0);
      float x2 = score(2, scales0, norm1), x3 = score(3, scales1, norm1);
      float log0 = __log2f(largestOf(scales0)), log1 = __log2f(largestOf(scales1));
      if (column >= limit) {
        x0 = x2 = -INFINITY;
        scales0 = make_float4(0.f, 0.f, 0.f, 0.f);
        log0 = 0.f;
      }
      if (column + 1 >= limit) {
        x1 = x3 = -INFINITY;
        scales1 = make_float4(0.f, 0.f, 0.f, 0.f);
        log1 = 0.f;
      }

      float top0 = fmaxf(x0 + log0, x1 + log1), top1 = fmaxf(x2 + log0, x3 + log1);
      top0 = fmaxf(top0, __shfl_xor_sync(~0u, top0, 1));
      top1 = fmaxf(top1, __shfl_xor_sync(~0u, top1, 1));
      top0 = fmaxf(top0, __shfl_xor_sync(~0u, top0, 2));
      top1 = fmaxf(top1, __shfl_xor_sync(~0u, top1, 2));
      if (t4 == 0) {
        maxima[g * 8 + warp] = top0;
        maxima[(g + 8) * 8 + warp] = top1;
      }
      if (valid < kTile) {  // rows of the last page that nothing wrote: 0 * NaN must not reach the output (byte 0 is a number in any code)
        const int from = max(valid, 0), count = ((from + 15) & ~15) - from;
        for (int i = tid; i < count * 32; i += 256) storeShared16(tile + (from + i / 32) * kCodedRow + i % 32 * 16, make_uint4(0, 0, 0, 0));
        asyncProxyFence();
      }
      namedBarrier(1, 256);
      const float2 largest = largestOfWarps(maxima, g);
      top0 = fmaxf(best0, largest.x);
      top1 = fmaxf(best1, largest.y);
      const float shift0 = top0 == -INFINITY ? 0.f : top0, shift1 = top1 == -INFINITY ? 0.f : top1;
      const float keep0 = exp2Fast(best0 - shift0), keep1 = exp2Fast(best1 - shift1);
      best0 = top0;
      best1 = top1;
      const float p0 = exp2Fast(x0 - shift0), p1 = exp2Fast(x1 - shift0);
      const float p2 = exp2Fast(x2 - shift1), p3 = exp2Fast(x3 - shift1);
      mass0 = mass0 * keep0 + p0 + p1;
      mass1 = mass1 * keep1 + p2 + p3;
      const auto storeWeights = [&](int block, float by0, float by1) {
        uint8_t* to = shared + kWeightsAt + block * kWeightsBytes + g * kWeightPitch + column * 2;
        *reinterpret_cast<uint32_t*>(to) = Pair<__half>::pack(p0 * by0, p1 * by1);
        *reinterpret_cast<uint32_t*>(to + 8 * kWeightPitch) = Pair<__half>::pack(p2 * by0, p3 * by1);
      };
      storeWeights(0, scales0.x, scales1.x);
      storeWeights(1, scales0.y, scales1.y);
      storeWeights(2, scales0.z, scales1.z);
      storeWeights(3, scales0.w, scales1.w);
      if (__any_sync(~0u, keep0 != 1.f || keep1 != 1.f)) {
#pragma unroll
        for (int i = 0; i < 8; ++i) {
          o[i][0] *= keep0;
          o[i][1] *= keep0;
          o[i][2] *= keep1;
          o[i][3] *= keep1;
        }
      }
      namedBarrier(1, 256);
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        if (k * 16 < valid) {
          uint32_t a[4];
          loadMatrix4(a, weightsAt + k * 32);
#pragma unroll
          for (int n = 0; n < 2; ++n) {
            uint32_t b[4];
            loadMatrix4Transposed(b, tile + valuesAt + k * 16 * kCodedRow + n * 32);
#pragma unroll
            for (int i = 0; i < 2; ++i) {
              multiplyAdd<__half>(o[4 * n + 2 * i], a, Codes::even(b[2 * i]), Codes::even(b[2 * i + 1]));
              multiplyAdd<__half>(o[4 * n + 2 * i + 1], a, Codes::odd(b[2 * i]), Codes::odd(b[2 * i + 1]));
            }
          }
        }
      }
      __syncwarp();
      if (lane == 0) barrierArrive(empty + 8 * stage);
      advance();
    }

    // ---- the 8 warps' masses, then the result or the partial result
    const float2 sums = sumOverWarps(masses, g, t4, warp, mass0, mass1);
    mass0 = sums.x;
    mass1 = sums.y;
    const float inverse0 = mass0 > 0.f ? 1.f / mass0 : 0.f, inverse1 = mass1 > 0.f ? 1.f / mass1 : 0.f;
    // Four neighbouring columns: of two products, first and second result in turn.
    const auto four = [&](int i, int row, float by) {
      return make_float4(o[i][row] * by, o[i + 1][row] * by, o[i][row + 1] * by, o[i + 1][row + 1] * by);
    };
    if (piece.slot < 0) {
      const size_t headStride = (size_t)shape.numTokens * kRank;
      T* to = out + (head + g) * headStride + ((size_t)piece.sequence * shape.queryLength + token) * kRank + warp * 64 + t4 * 4;
#pragma unroll
      for (int i = 0; i < 8; i += 2) {
        const float4 a = four(i, 0, inverse0), b = four(i, 2, inverse1);
        *reinterpret_cast<uint2*>(to + i * 8) = make_uint2(Pair<T>::pack(a.x, a.y), Pair<T>::pack(a.z, a.w));
        *reinterpret_cast<uint2*>(to + 8 * headStride + i * 8) = make_uint2(Pair<T>::pack(b.x, b.y), Pair<T>::pack(b.z, b.w));
      }
    } else {
      const size_t row = (size_t)piece.slot * rows + row0 + g;
      float* to = partials + row * kRank + warp * 64 + t4 * 4;
#pragma unroll
      for (int i = 0; i < 8; i += 2) {
        *reinterpret_cast<float4*>(to + i * 8) = four(i, 0, inverse0);
        *reinterpret_cast<float4*>(to + 8 * kRank + i * 8) = four(i, 2, inverse1);
      }
      if (warp == 0 && t4 == 0) {
        partialLse[row] = mass0 > 0.f ? best0 + log2f(mass0) : -INFINITY;
        partialLse[row + 8] = mass1 > 0.f ? best1 + log2f(mass1) : -INFINITY;
      }
    }
  }
}

// The arguments are those of the kernels for 64 rows, which need the pool's map as well.
#define DEFINE(KIND, Code, SUFFIX, T)                                                                                 \
  extern "C" __global__ void __launch_bounds__(384, 1) attentionDecode16##KIND##_##SUFFIX(                             \
      const __grid_constant__ CUtensorMap, const uint8_t* pool, const T* absorbed, const T* rotary,                   \
      const int* blockTable, const int* lengths, const int* plan, T* out, float* partials, float* partialLse,         \
      DecodeShape shape) {                                                                                            \
    decode16<T, Code>(pool, absorbed, rotary, blockTable, lengths, plan, out, partials, partialLse, shape);           \
  }
DEFINE(Fp8, E4m3, f16, __half)
DEFINE(Fp8, E4m3, bf16, __nv_bfloat16)
DEFINE(Int8, Int8, f16, __half)
DEFINE(Int8, Int8, bf16, __nv_bfloat16)
extern "C" __device__ const int attentionDecode16Fp8_sharedBytes = kDecode16CodesShared;
extern "C" __device__ const int attentionDecode16Int8_sharedBytes = kDecode16CodesShared;

// Decoding: the split plan, split-KV attention for 16 query rows a block (mma.sync), and the sum of the partial results.
#include "decode16.cuh"

// ---------------------------------------------------------------------------------------------------------------- plan
constexpr int kCutUnits = 2;  // what cutting costs the slowest block, in tiles (measured: two to five)

// One block of 1024 threads. lengths [numSequences] from firstTokens [numSequences + 1] and contextLengths [numSequences];
// then the tiles of the first numDecodes sequences are spread evenly over `blocks` (<= 1024). Beginning a sequence costs a block
// about as much as one tile: either that is ignored (equally long sequences then often line up with the chunks) or one unit
// is added to each sequence, whichever makes the slowest block faster. Or sequences stay whole, as many of them in each block, where that makes the
// slowest block hardly slower: cutting them costs partial results and their combination.
extern "C" __global__ void __launch_bounds__(1024, 1)
attentionPlan(const int* __restrict__ firstTokens, const int* __restrict__ contextLengths, int* __restrict__ lengths,
              int* __restrict__ plan, int numSequences, int numDecodes, int blocks) {
  __shared__ int warpSums[32], pieces[1024], unitsBefore[1025], mostPieces, mostUnits, longest;
  const int tid = threadIdx.x, lane = tid & 31, warp = tid >> 5;
  const auto lengthOf = [&](int s) {
    const int count = firstTokens[s + 1] - firstTokens[s];
    return count > 0 ? contextLengths[s] + count : 0;
  };
  for (int s = tid; s < numSequences; s += 1024) lengths[s] = lengthOf(s);
  if (numDecodes == 0) return;
  const int per = (numDecodes + 1023) / 1024, from = min(tid * per, numDecodes), to = min(from + per, numDecodes);
  pieces[tid] = 0;
  if (tid == 0) mostPieces = mostUnits = longest = 0;
  int sum = 0;
  for (int s = from; s < to; ++s) sum += tilesOf(lengthOf(s));
  int scan = sum;
  for (int d = 1; d < 32; d <<= 1) {
    const int v = __shfl_up_sync(~0u, scan, d);
    if (lane >= d) scan += v;
  }
  if (lane == 31) warpSums[warp] = scan;
  __syncthreads();
  if (warp == 0) {
    int v = warpSums[lane];
    for (int d = 1; d < 32; d <<= 1) {
      const int u = __shfl_up_sync(~0u, v, d);
      if (lane >= d) v += u;
    }
    warpSums[lane] = v;
  }
  __syncthreads();
  const int tiles = warpSums[31], begin = scan - sum + (warp ? warpSums[warp - 1] : 0);
  const int chunkWithout = (tiles + blocks - 1) / blocks, chunkWith = (tiles + numDecodes + blocks - 1) / blocks;
  for (int s = from, at = begin; s < to; ++s) {
    const int n = tilesOf(lengthOf(s));
    for (int c = at / chunkWithout; c <= (at + n - 1) / chunkWithout; ++c) atomicAdd(&pieces[c], 1);
    at += n;
  }
  __syncthreads();
  if (pieces[tid]) atomicMax(&mostPieces, pieces[tid]);
  // Whole sequences, `each` in a block; one a thread.
  const int each = (numDecodes + blocks - 1) / blocks, most = min(numDecodes, 1024);
  if (tid < most) {
    unitsBefore[tid] = begin + tid;
    atomicMax(&longest, sum + 1);
  }
  if (tid == 0) unitsBefore[most] = tiles + most;
  __syncthreads();
  const int firstOfBlock = min(tid * each, most), unitsOfBlock = unitsBefore[min(firstOfBlock + each, most)] - unitsBefore[firstOfBlock];
  if (unitsOfBlock > 0) atomicMax(&mostUnits, unitsOfBlock);
  __syncthreads();
  if (numDecodes <= 1024 && mostUnits <= min(chunkWith + 1, chunkWithout + mostPieces) + kCutUnits) {
    int4* rows = reinterpret_cast<int4*>(plan) + 1;
    if (tid == 0) *reinterpret_cast<int4*>(plan) = make_int4(each * longest, numDecodes * longest, blocks, 1);
    if (tid < blocks) rows[tid] = unitsOfBlock > 0 ? make_int4(firstOfBlock, 0, unitsOfBlock, lengthOf(firstOfBlock)) : make_int4(0, 0, 0, 0);
    // On the line each has the place of the longest.
    for (int s = tid; s <= numDecodes; s += 1024) plan[4 + 4 * blocks + s] = s * longest;
    return;
  }
  const int overhead = chunkWith + 1 < chunkWithout + mostPieces ? 1 : 0;
  const int chunk = overhead ? chunkWith : chunkWithout, end = tiles + numDecodes * overhead;
  int4* rows = reinterpret_cast<int4*>(plan) + 1;
  int* starts = plan + 4 + 4 * blocks;
  if (tid == 0) {
    plan[0] = chunk;
    plan[1] = end;
    plan[2] = blocks;
    plan[3] = overhead;
    starts[numDecodes] = end;
  }
  if (tid < blocks && tid * chunk >= end) rows[tid] = make_int4(0, 0, 0, 0);
  for (int s = from, at = begin + from * overhead; s < to; ++s) {
    const int length = lengthOf(s), n = tilesOf(length) + overhead;
    starts[s] = at;
    for (int c = (at + chunk - 1) / chunk; c * chunk < at + n; ++c) {
      const int in = c * chunk - at - overhead;  // tiles of the sequence before the chunk; negative: it begins in the overhead
      rows[c] = make_int4(s, max(in, 0), min(chunk, end - c * chunk) + min(in, 0), length);
    }
    at += n;
  }
}

// One thread, launched ordinarily behind attentionPlan, so that the plan is in memory before anything behind this one starts: attention is launched
// early and reads the plan before it waits, which would not do right behind the kernel that writes it.
extern "C" __global__ void attentionPlanned(const int* plan) {}

// ----------------------------------------------------------------------------------------------------------- attention
// Grid (blocks, queryLength * heads / 16), 384 threads, one block an SM: 8 warps that compute and a warpgroup that copies.
// A warp holds all 16 query rows in registers, takes 8 of a tile's 64 tokens for the scores and 64 of the 512 columns for
// the weighted sum.
constexpr int kStages = 3;
constexpr int kWeightPitch = kTile * 2 + 16;
constexpr int kWeightsAt = kStages * kTileBytes;              // [16][kTile] T
constexpr int kMaximaAt = kWeightsAt + 16 * kWeightPitch;     // [16][8] float
constexpr int kMassesAt = kMaximaAt + 512;                    // [16][8] float
constexpr int kBarriersAt = kMassesAt + 512;                  // full[3], empty[3]
constexpr int kDecode16Shared = kBarriersAt + 64;
static_assert(kDecode16Shared <= kSharedLimit && 16 * kQueryPitch <= kTileBytes, "shared memory");

template <typename T>
DEVICE void decode16(const CUtensorMap* map, const T* __restrict__ absorbed, const T* __restrict__ rotary,
                     const int* __restrict__ blockTable, const int* __restrict__ lengths, const int* __restrict__ plan,
                     T* __restrict__ out, float* __restrict__ partials, float* __restrict__ partialLse, DecodeShape shape) {
  extern __shared__ __align__(1024) uint8_t shared[];
  const uint32_t base = sharedAddress(shared);
  const int tid = threadIdx.x, warp = tid >> 5, lane = tid & 31;
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
    registersDown<40>();
    // By value: through references the compiler would order the products below otherwise.
    const auto copyTile = [=](uint32_t to, int page, uint32_t bar) {
      if (lane < kBoxes) boxCopy(to + lane * kBoxBytes, map, lane * 64, page * kTile, bar);
    };
    copyPieces<kStages, kTileBytes>(walk, warp == 8, lane, base, full, empty, token, head, absorbed, rotary, blockTable, shape, copyTile);
    return;
  }

  // ---- products
  registersUp<232>();
  const int g = lane >> 2, t4 = lane & 3, r8 = lane & 7, quad = lane >> 3;
  const float scale = shape.scale * kLog2e;
  float* maxima = reinterpret_cast<float*>(shared + kMaximaAt);
  float* masses = reinterpret_cast<float*>(shared + kMassesAt);
  const int column = warp * 8 + t4 * 2;  // this thread's two tokens of a tile
  // byte offsets of this lane's rows for ldmatrix: keys, values, weights
  const uint32_t keysAt = (warp * 8 + r8) * 128 + ((quad ^ r8) << 4);
  const uint32_t valuesAt = warp * kBoxBytes + ((quad & 1) * 8 + r8) * 128 + (((quad >> 1) ^ r8) << 4);
  const int leftRow = (quad & 1) * 8 + r8;
  const uint32_t weightsAt = base + kWeightsAt + leftRow * kWeightPitch + (quad >> 1) * 16;
  waitForPreviousKernel();

  while (walk.next(piece)) {
    uint32_t query[36][4];
    barrierWait(full + 8 * stage, phase);
#pragma unroll
    for (int k = 0; k < 36; ++k) loadMatrix4(query[k], base + stage * kTileBytes + leftRow * kQueryPitch + (quad >> 1) * 16 + k * 32);
    __syncwarp();
    if (lane == 0) barrierArrive(empty + 8 * stage);
    advance();

    float o[8][4], best0 = -INFINITY, best1 = -INFINITY, mass0 = 0.f, mass1 = 0.f;  // of rows g and g + 8
#pragma unroll
    for (int i = 0; i < 8; ++i) o[i][0] = o[i][1] = o[i][2] = o[i][3] = 0.f;
    const int visible = piece.length - shape.queryLength + token + 1;

    for (int j = 0; j < piece.tiles; ++j) {
      const int first = (piece.firstTile + j) * kTile;
      const int valid = min(kTile, piece.length - first), limit = visible - first;
      const uint32_t tile = base + stage * kTileBytes;
      barrierWait(full + 8 * stage, phase);

      float s[4][4];
#pragma unroll
      for (int i = 0; i < 4; ++i) s[i][0] = s[i][1] = s[i][2] = s[i][3] = 0.f;
#pragma unroll
      for (int k = 0; k < 18; ++k) {
        uint32_t b[4];
        loadMatrix4(b, ((tile + keysAt) ^ ((k & 1) << 6)) + (k >> 1) * kBoxBytes);
        multiplyAdd<T>(s[(2 * k) & 3], query[2 * k], b[0], b[1]);
        multiplyAdd<T>(s[(2 * k + 1) & 3], query[2 * k + 1], b[2], b[3]);
      }
#pragma unroll
      for (int i = 0; i < 4; ++i) s[0][i] = (s[0][i] + s[1][i]) + (s[2][i] + s[3][i]);
      if (column >= limit) s[0][0] = s[0][2] = -INFINITY;
      if (column + 1 >= limit) s[0][1] = s[0][3] = -INFINITY;

      float top0 = fmaxf(s[0][0], s[0][1]), top1 = fmaxf(s[0][2], s[0][3]);
      top0 = fmaxf(top0, __shfl_xor_sync(~0u, top0, 1));
      top1 = fmaxf(top1, __shfl_xor_sync(~0u, top1, 1));
      top0 = fmaxf(top0, __shfl_xor_sync(~0u, top0, 2));
      top1 = fmaxf(top1, __shfl_xor_sync(~0u, top1, 2));
      if (t4 == 0) {
        maxima[g * 8 + warp] = top0;
        maxima[(g + 8) * 8 + warp] = top1;
      }
      if (valid < kTile) {  // rows of the last page that nothing wrote: 0 * NaN must not reach the output
        const int from = max(valid, 0), count = ((from + 15) & ~15) - from;
        for (int i = tid; i < count * 64; i += 256) storeShared16(tile + swizzled(from + i / 64, i % 64), make_uint4(0, 0, 0, 0));
        asyncProxyFence();
      }
      namedBarrier(1, 256);
      const float2 largest = largestOfWarps(maxima, g);
      top0 = fmaxf(best0, largest.x);
      top1 = fmaxf(best1, largest.y);
      const float shift0 = top0 == -INFINITY ? 0.f : top0 * scale, shift1 = top1 == -INFINITY ? 0.f : top1 * scale;
      const float keep0 = exp2Fast(best0 * scale - shift0), keep1 = exp2Fast(best1 * scale - shift1);
      best0 = top0;
      best1 = top1;
      const float p0 = exp2Fast(s[0][0] * scale - shift0), p1 = exp2Fast(s[0][1] * scale - shift0);
      const float p2 = exp2Fast(s[0][2] * scale - shift1), p3 = exp2Fast(s[0][3] * scale - shift1);
      mass0 = mass0 * keep0 + p0 + p1;
      mass1 = mass1 * keep1 + p2 + p3;
      *reinterpret_cast<uint32_t*>(shared + kWeightsAt + g * kWeightPitch + column * 2) = Pair<T>::pack(p0, p1);
      *reinterpret_cast<uint32_t*>(shared + kWeightsAt + (g + 8) * kWeightPitch + column * 2) = Pair<T>::pack(p2, p3);
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
          for (int n = 0; n < 4; ++n) {
            uint32_t b[4];
            loadMatrix4Transposed(b, ((tile + valuesAt) ^ (n << 5)) + k * 2048);
            multiplyAdd<T>(o[2 * n], a, b[0], b[1]);
            multiplyAdd<T>(o[2 * n + 1], a, b[2], b[3]);
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
    if (piece.slot < 0) {
      const size_t headStride = (size_t)shape.numTokens * kRank;
      T* to = out + (head + g) * headStride + ((size_t)piece.sequence * shape.queryLength + token) * kRank + warp * 64 + t4 * 2;
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        *reinterpret_cast<uint32_t*>(to + i * 8) = Pair<T>::pack(o[i][0] * inverse0, o[i][1] * inverse0);
        *reinterpret_cast<uint32_t*>(to + 8 * headStride + i * 8) = Pair<T>::pack(o[i][2] * inverse1, o[i][3] * inverse1);
      }
    } else {
      const size_t row = (size_t)piece.slot * rows + row0 + g;
      float* to = partials + row * kRank + warp * 64 + t4 * 2;
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        *reinterpret_cast<float2*>(to + i * 8) = make_float2(o[i][0] * inverse0, o[i][1] * inverse0);
        *reinterpret_cast<float2*>(to + 8 * kRank + i * 8) = make_float2(o[i][2] * inverse1, o[i][3] * inverse1);
      }
      if (warp == 0 && t4 == 0) {
        partialLse[row] = mass0 > 0.f ? best0 * scale + log2f(mass0) : -INFINITY;
        partialLse[row + 8] = mass1 > 0.f ? best1 * scale + log2f(mass1) : -INFINITY;
      }
    }
  }
}

// ------------------------------------------------------------------------------------------------------------- combine
// Grid (queryLength * heads / rowsOfBlock, numDecodes, z) with boundaries 0, or (..., blocks - 1, z) with boundaries 1 (fewer blocks where there are many
// sequences); 512 threads, of which 128 / z take a row or one of its partial results: z blocks share the columns of a row. rowsOfBlock <= 4 * z.
// Block y looks after sequence y, or after the one that boundary y + 1 cuts if that is its first cut. Sequences that no
// boundary cuts are finished already.
constexpr int kCombineThreads = 512;

template <typename T>
DEVICE void combine(const int* __restrict__ plan, const float* __restrict__ partials, const float* __restrict__ partialLse,
                    T* __restrict__ out, int boundaries, int rowsOfBlock, DecodeShape shape) {
  __shared__ float weights[1024];
  __shared__ float4 sums[kCombineThreads];
  __shared__ float inverse;
  const int tid = threadIdx.x, rows = gridDim.x * rowsOfBlock, firstRow = blockIdx.x * rowsOfBlock;
  letNextKernelStart();
  int sequence = blockIdx.y;
  bool isMine = true;
  if (boundaries) {
    const int4 cut = reinterpret_cast<const int4*>(plan)[2 + blockIdx.y];
    sequence = cut.x;
    isMine = cut.z > 0 && cut.y > 0;
  }
  const Cuts cuts(plan, sequence);
  const int count = cuts.count, firstSlot = cuts.firstSlot, first = cuts.first;
  if (boundaries && first != (int)blockIdx.y) isMine = false;
  if (!isMine || count < 2) {
    // This grid must not end before the attention kernel does.
    if (blockIdx.x + blockIdx.y + blockIdx.z == 0) waitForPreviousKernel();
    return;
  }
  const int width = 128 / gridDim.z, group = tid / width, groups = kCombineThreads / width, lane4 = tid % width;
  const int column4 = blockIdx.z * width + lane4;
  const float4* from = reinterpret_cast<const float4*>(partials) + column4;
  const auto at = [&](int i, int row) { return (size_t)(i ? 2 * (first + i) : firstSlot) * rows + row; };
  const auto add = [](float4& sum, float w, float4 v) {
    sum.x += w * v.x;
    sum.y += w * v.y;
    sum.z += w * v.z;
    sum.w += w * v.w;
  };
  const auto store = [&](int row, float4 sum, float scale) {
    const uint2 packed = make_uint2(Pair<T>::pack(sum.x * scale, sum.y * scale), Pair<T>::pack(sum.z * scale, sum.w * scale));
    T* to = out + outputRow(sequence * shape.queryLength, row, shape.numTokens, shape.heads);
    reinterpret_cast<uint2*>(to)[column4] = packed;
  };
  waitForPreviousKernel();
  if (count <= 4) {  // the usual case of a large batch: a group a row, all loads in flight at once
    if (group >= rowsOfBlock) return;
    const int row = firstRow + group;
    float lse[4], top = -INFINITY, mass = 0.f;
    float4 v[4], sum = make_float4(0.f, 0.f, 0.f, 0.f);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      lse[i] = i < count ? partialLse[at(i, row)] : -INFINITY;
      v[i] = i < count ? from[at(i, row) * (kRank / 4)] : sum;
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) top = fmaxf(top, lse[i]);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float w = top == -INFINITY ? 0.f : exp2f(lse[i] - top);
      mass += w;
      add(sum, w, v[i]);
    }
    store(row, sum, mass > 0.f ? 1.f / mass : 0.f);
    return;
  }
  for (int row = firstRow; row < firstRow + rowsOfBlock; ++row) {
    float4 own = make_float4(0.f, 0.f, 0.f, 0.f), sum = own;
    if (group < count) own = from[at(group, row) * (kRank / 4)];  // in flight while the weights are worked out
    if (tid < 32) {
      float top = -INFINITY, mass = 0.f;
      for (int i = tid; i < count; i += 32) top = fmaxf(top, weights[i] = partialLse[at(i, row)]);
      top = warpMax(top);
      for (int i = tid; i < count; i += 32) mass += weights[i] = top == -INFINITY ? 0.f : exp2f(weights[i] - top);
      mass = warpSum(mass);
      if (tid == 0) inverse = mass > 0.f ? 1.f / mass : 0.f;
    }
    __syncthreads();
    if (group < count) add(sum, weights[group], own);
#pragma unroll 8
    for (int i = group + groups; i < count; i += groups) add(sum, weights[i], from[at(i, row) * (kRank / 4)]);
    sums[tid] = sum;
    __syncthreads();
    if (group == 0) {
      for (int i = 1; i < groups; ++i) add(sum, 1.f, sums[i * width + lane4]);
      store(row, sum, inverse);
    }
    __syncthreads();  // before the next row
  }
}

#define DEFINE(SUFFIX, T)                                                                                             \
  extern "C" __global__ void __launch_bounds__(384, 1) attentionDecode16_##SUFFIX(                                     \
      const __grid_constant__ CUtensorMap pool, const T* absorbed, const T* rotary, const int* blockTable,            \
      const int* lengths, const int* plan, T* out, float* partials, float* partialLse, DecodeShape shape) {           \
    decode16<T>(&pool, absorbed, rotary, blockTable, lengths, plan, out, partials, partialLse, shape);                \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(kCombineThreads) attentionCombine_##SUFFIX(                             \
      const int* plan, const float* partials, const float* partialLse, T* out, int boundaries, int rowsOfBlock,       \
      DecodeShape shape) {                                                                                            \
    combine<T>(plan, partials, partialLse, out, boundaries, rowsOfBlock, shape);                                      \
  }
DEFINE(f16, __half)
DEFINE(bf16, __nv_bfloat16)
extern "C" __device__ const int attentionDecode16_sharedBytes = kDecode16Shared;

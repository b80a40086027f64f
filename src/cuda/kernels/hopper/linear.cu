// A dense product for few tokens: y [T, width] = x [T, depth] times w [width, depth] transposed, T <= 8 * GROUPS.
//
// gated: w is [2 * width, depth], and y = silu(x times its first width rows) * (x times the others).
// y is of the type of x and w, or float.
//
// At these sizes a product is a stream of weights, and everything here serves to keep that stream running:
//  * One block an SM with an equal share of the rows, to the row. Bulk copies of 8 rows, which lie in one piece, fill a ring
//    of slots; the eight warps only ever see shared memory.
//  * Launched programmatically the block asks for weights at once, while the kernel before still computes x, and it lets the
//    next kernel do the same as soon as its own last weights are on their way. Hence w must not be written by any kernel
//    that this one might overtake; x may be, and y may be what such a kernel reads.
//  * A warp takes every eighth step of 64 columns, and keeps the activations of its steps in registers for all rows. Warps
//    meet only when a group of tiles is done.
//  * Tensor cores even for one token. Any order of k is right as long as both operands share it, so a lane reads 16
//    contiguous bytes of a row and the same k of its tokens: no ldmatrix.
// A token's result depends on that token alone: the same bits whatever shares the batch, and whatever grid and slots are.
//
// depth: a multiple of 64, at most 512 * ROUNDS. Grid: any, best one block an SM. kThreads threads; dynamic shared memory:
// linear_sharedBytes + slots * 16 * depth bytes, 1 <= slots <= kMaxSlots.
#include "primitives.cuh"

constexpr int kWarps = 8, kThreads = kWarps * 32;
constexpr int kTile = 8, kStep = 64;           // rows of a slot, columns that a warp takes at once
constexpr int kMaxSlots = 16, kHeader = 256;   // the header: of each slot its barrier and how often it has been read
constexpr int kPartialFloats = 4096;           // for a group of tiles [tile][warp][token][row]

struct LinearShape {
  int numTokens, width, depth, gated, slots;
};

extern "C" __device__ const int linear_sharedBytes = kHeader + kPartialFloats * 4;

DEVICE uint32_t addShared(uint32_t to, uint32_t value) {
  uint32_t before;
  asm volatile("atom.acq_rel.cta.shared::cta.add.u32 %0, [%1], %2;" : "=r"(before) : "r"(to), "r"(value) : "memory");
  return before;
}

// The rows of y that a block computes, tile by tile; of a gated tile half of the rows are gates.
template <typename T> struct Weights {
  const T* w;
  int begin, end, width, depth, gated, rows, tiles, slots;
  uint32_t full, ring;
  __device__ __forceinline__ Weights(const T* weights, const LinearShape& shape, uint32_t barriers, uint32_t to)
      : w(weights), width(shape.width), depth(shape.depth), gated(shape.gated), slots(shape.slots), full(barriers), ring(to) {
    begin = (long long)width * blockIdx.x / gridDim.x;
    end = (long long)width * (blockIdx.x + 1) / gridDim.x;
    rows = gated ? kTile / 2 : kTile;
    tiles = (end - begin + rows - 1) / rows;
  }
  __device__ __forceinline__ int row(int tile) const { return begin + tile * rows; }
  __device__ __forceinline__ int rowsOf(int tile) const { return min(rows, end - row(tile)); }
  __device__ __forceinline__ uint32_t slot(int index) const { return ring + index * kTile * 2 * depth; }
  // One thread.
  __device__ __forceinline__ void request(int tile, int index) const {
    const uint32_t bytes = rowsOf(tile) * depth * 2, bar = full + 8 * index;
    barrierExpect(bar, gated ? 2 * bytes : bytes);
    bulkCopy(slot(index), w + (size_t)row(tile) * depth, bytes, bar);
    if (gated) bulkCopy(slot(index) + kTile * depth, w + (size_t)(width + row(tile)) * depth, bytes, bar);
  }
};

// Of each step of this warp, 2 x 8 columns of a token: those whose weights the lane reads.
template <int ROUNDS, typename T>
DEVICE void loadToken(uint4 (&to)[ROUNDS][2], const T* x, int steps, int warp, int lane, bool exists) {
#pragma unroll
  for (int i = 0; i < ROUNDS; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      to[i][half] = make_uint4(0, 0, 0, 0);
      // Through L2: what the kernel before wrote is not in this SM's L1 cache, or in an old state.
      if (exists && warp + kWarps * i < steps)
        to[i][half] = __ldcg(reinterpret_cast<const uint4*>(x + (warp + kWarps * i) * kStep + half * 32 + (lane & 3) * 8));
    }
  }
}

// A lane's 2 x 16 bytes of a step in shared memory; `from` is its row's (a token's or of weights). Rows are read in turn:
// first and second 64 bytes of even and odd ones would meet in the same banks.
DEVICE void loadStep(uint4& first, uint4& second, uint32_t from, int step, int lane) {
  const int odd = lane >> 2 & 1;
  const uint32_t at = from + step * (2 * kStep) + (lane & 3) * 16 + odd * kStep;
  const uint4 a = loadShared16(at), b = loadShared16(at ^ kStep);
  first = odd ? b : a;
  second = odd ? a : b;
}

// This warp's share of the products of a tile's 8 rows, to sums[token][row]. Of 16 bytes the first and third word make one
// product of the tensor cores and the others a second one, whatever the number of tokens, so that all get the same bits.
template <int GROUPS, int ROUNDS, typename T, typename Release>
DEVICE void multiply(float* sums, const uint4 (&x)[GROUPS][ROUNDS][2], uint32_t slot, int pitch, int steps, int warp, int lane,
                     Release release) {
  constexpr int PAIRS = (GROUPS + 1) / 2, BATCH = ROUNDS <= 4 ? ROUNDS : ROUNDS / 2;  // steps whose weights are in registers
  float part[PAIRS][4][4] = {};  // four chains, or the products would wait for each other
#pragma unroll
  for (int first = 0; first < ROUNDS; first += BATCH) {
    uint4 w[BATCH][2];
#pragma unroll
    for (int j = 0; j < BATCH; ++j)
      if (warp + kWarps * (first + j) < steps)
        loadStep(w[j][0], w[j][1], slot + (lane >> 2) * pitch, warp + kWarps * (first + j), lane);
    if (first + BATCH >= ROUNDS) release();
#pragma unroll
    for (int j = 0; j < BATCH; ++j) {
      if (warp + kWarps * (first + j) < steps) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          const uint4 v = w[j][half];
#pragma unroll
          for (int p = 0; p < PAIRS; ++p) {
            const uint4 low = x[2 * p][first + j][half];
            if constexpr (GROUPS == 1) {
              // 8 weight rows as M, once with their first and once with their second words: half of each result is of use.
              multiplyAdd(T(), part[p][half], v.x, v.y, v.z, v.w, low.x, low.z);
              multiplyAdd(T(), part[p][2 + half], v.x, v.y, v.z, v.w, low.y, low.w);
            } else {
              // 16 tokens as M, 8 weight rows as N.
              const uint4 high = x[2 * p + 1][first + j][half];
              multiplyAdd(T(), part[p][half], low.x, high.x, low.z, high.z, v.x, v.z);
              multiplyAdd(T(), part[p][2 + half], low.y, high.y, low.w, high.w, v.y, v.w);
            }
          }
        }
      }
    }
  }
  const int major = lane >> 2, minor = (lane & 3) * 2;
#pragma unroll
  for (int p = 0; p < PAIRS; ++p) {
    const float(&of)[4][4] = part[p];
    if constexpr (GROUPS == 1) {
#pragma unroll
      for (int j = 0; j < 2; ++j) sums[(minor + j) * kTile + major] = of[0][j] + of[1][j] + (of[2][2 + j] + of[3][2 + j]);
    } else {
#pragma unroll
      for (int j = 0; j < 4; ++j)
        sums[(p * 16 + j / 2 * 8 + major) * kTile + minor + j % 2] = of[0][j] + of[1][j] + (of[2][j] + of[3][j]);
    }
  }
}

template <int GROUPS, int ROUNDS, typename T, typename Out>
DEVICE void linear(const T* x, const T* __restrict__ w, Out* y, const LinearShape& shape) {
  extern __shared__ __align__(128) uint8_t shared[];
  constexpr int SUMS = GROUPS * 8 * kTile;                   // of a tile: [token][row]
  constexpr int TILES = kPartialFloats / (kWarps * SUMS);    // of a group
  constexpr int MINE = TILES * SUMS / kThreads;              // a thread's sums of a group
  float* partials = reinterpret_cast<float*>(shared + kHeader);
  const int tid = threadIdx.x, warp = tid >> 5, lane = tid & 31, token = lane >> 2, steps = shape.depth / kStep;
  const uint32_t full = sharedAddress(shared), reads = full + 8 * kMaxSlots;
  const Weights<T> weights(w, shape, full, full + kHeader + kPartialFloats * 4);
  if (tid == 0) {
    for (int i = 0; i < shape.slots; ++i) {
      barrierInit(full + 8 * i, 1);
      storeShared4(reads + 4 * i, 0);
    }
    barrierInitFence();
    for (int i = 0; i < min(shape.slots, weights.tiles); ++i) weights.request(i, i);
    letNextKernelStart();
  }
  uint4 columns[GROUPS][ROUNDS][2];
  waitForPreviousKernel();
#pragma unroll
  for (int g = 0; g < GROUPS; ++g)
    loadToken<ROUNDS>(columns[g], x + (size_t)(g * 8 + token) * shape.depth, steps, warp, lane, g * 8 + token < shape.numTokens);
  __syncthreads();

  int slot = 0;
  uint32_t phase = 0;
  for (int first = 0; first < weights.tiles; first += TILES) {
    const int last = min(first + TILES, weights.tiles);
    if (first > 0) __syncthreads();  // the sums of the group before have been read
    const auto placeOf = [&](int i) {  // where a sum of the group belongs in y; -1: nowhere
      const int tile = first + i / SUMS, t = i % SUMS / kTile, row = i % kTile;
      return tile < last && t < shape.numTokens && row < weights.rowsOf(tile) ? t * shape.width + weights.row(tile) + row : -1;
    };
    for (int tile = first; tile < last; ++tile) {
      const auto release = [&]() {
        if (tile + shape.slots >= weights.tiles) return;
        __syncwarp();
        // The last warp that has read the slot fills it anew; its fence orders the reads before the copy engine's writes.
        if (lane == 0 && addShared(reads + 4 * slot, 1) % kWarps == kWarps - 1) {
          asyncProxyFence();
          weights.request(tile + shape.slots, slot);
        }
      };
      barrierWait(full + 8 * slot, phase);
      float* sums = partials + ((tile - first) * kWarps + warp) * SUMS;
      multiply<GROUPS, ROUNDS, T>(sums, columns, weights.slot(slot), 2 * shape.depth, steps, warp, lane, release);
      if (++slot == shape.slots) {
        slot = 0;
        phase ^= 1;
      }
    }
    __syncthreads();
#pragma unroll
    for (int j = 0; j < MINE; ++j) {
      const int i = tid + j * kThreads;
      if (i >= (last - first) * SUMS) break;
      const float* from = partials + i / SUMS * kWarps * SUMS + i % SUMS;
      float total = 0;
#pragma unroll
      for (int k = 0; k < kWarps; ++k) total += from[k * SUMS];  // eight shares of k, in order
      if (shape.gated) {
        const float up = __shfl_down_sync(~0u, total, kTile / 2);
        total = total / (1.f + __expf(-total)) * up;
      }
      const int place = placeOf(i);
      if (place >= 0) y[place] = fromFloat<Out>(total);
    }
  }
}

// NAME: with the type of x and w; OUT: of y.
#define DEFINE(NAME, GROUPS, ROUNDS, T, OUT)                                                                          \
  extern "C" __global__ void __launch_bounds__(kThreads, GROUPS == 1 && ROUNDS <= 6 ? 2 : 1)                           \
      NAME(const T* x, const T* w, OUT* y, LinearShape shape) {                                                        \
    linear<GROUPS, ROUNDS>(x, w, y, shape);                                                                            \
  }
#define DEFINE_TYPES(GROUPS, ROUNDS)                                                          \
  DEFINE(linear_##GROUPS##_##ROUNDS##_f16, GROUPS, ROUNDS, __half, __half)                    \
  DEFINE(linear_##GROUPS##_##ROUNDS##_bf16, GROUPS, ROUNDS, __nv_bfloat16, __nv_bfloat16)
#define DEFINE_WIDE(ROUNDS)                                                                   \
  DEFINE(linearF32_1_##ROUNDS##_f16, 1, ROUNDS, __half, float)                                \
  DEFINE(linearF32_1_##ROUNDS##_bf16, 1, ROUNDS, __nv_bfloat16, float)
DEFINE_TYPES(1, 4)
DEFINE_TYPES(1, 6)
DEFINE_TYPES(1, 10)
DEFINE_TYPES(2, 4)
DEFINE_TYPES(2, 6)
DEFINE_WIDE(4)
DEFINE_WIDE(6)
DEFINE_WIDE(10)

// A dense product for few tokens: y [T, width] = x [T, depth] times w [width, depth] transposed, T <= 8 * GROUPS.
//
// gated: w is [2 * width, depth], and y = silu(x times its first width rows) * (x times the others).
// Otherwise residual [T, width], if there is one, is added to the float32 sums.
//
// At these sizes a product is a stream of weights, and everything here serves to keep that stream running:
//  * One block an SM with an equal share of the rows, to the row. Bulk copies of 8 rows, which lie in one piece, fill a ring
//    of slots; the eight warps only ever see shared memory.
//  * Launched programmatically the block asks for weights at once, while the kernel before still computes x, and it lets the
//    next kernel do the same as soon as its own last weights are on their way. Hence w must not be written by any kernel
//    that this one might overtake; x and residual may be, and y may be what such a kernel reads.
//  * A warp takes every eighth step of 64 columns, and keeps the activations of its steps in registers for all rows.
//  * Tensor cores even for one token. Any order of k is right as long as both operands share it, so a lane reads 16
//    contiguous bytes of a row and the same k of its tokens: no ldmatrix.
// A token's result depends on that token alone: the same bits whatever shares the batch, and whatever grid and slots are.
//
// depth: a multiple of 64, at most 512 * ROUNDS. Grid: any, best one block an SM. kThreads threads; dynamic shared memory:
// kHeader + 4096 * GROUPS + slots * 16 * depth bytes, 1 <= slots <= 16.
#include "primitives.cuh"

constexpr int kWarps = 8, kThreads = kWarps * 32, kHeader = 128;  // the header: a barrier for each slot
constexpr int kTile = 8, kStep = 64;  // rows of a slot, columns that a warp takes at once

struct LinearShape {
  int numTokens, width, depth, gated, slots;
};

// One thread: asks for the weights of the tile that begins at this row of y; of a gated tile half of the rows are gates.
template <typename T> DEVICE void request(uint32_t slot, uint32_t full, const T* w, const LinearShape& shape, int row, int rows) {
  const uint32_t bytes = rows * shape.depth * 2;
  barrierExpect(full, shape.gated ? 2 * bytes : bytes);
  bulkCopy(slot, w + (size_t)row * shape.depth, bytes, full);
  if (shape.gated) bulkCopy(slot + kTile * shape.depth, w + (size_t)(shape.width + row) * shape.depth, bytes, full);
}

// Of each step of this warp, 2 x 8 columns of a token: those whose weights the lane reads.
template <int ROUNDS, typename T> DEVICE void loadToken(uint4 (&to)[ROUNDS][2], const T* x, int steps, int warp, int lane, bool exists) {
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

// This warp's share of the products of a tile's 8 rows, to sums[token][row]. Of 16 bytes the first and third word make one
// product of the tensor cores and the others a second one, whatever the number of tokens, so that all get the same bits.
template <int GROUPS, int ROUNDS, typename T>
DEVICE void multiply(float* sums, const uint4 (&x)[GROUPS][ROUNDS][2], uint32_t slot, int pitch, int steps, int warp, int lane) {
  constexpr int PAIRS = (GROUPS + 1) / 2, BATCH = ROUNDS <= 4 ? ROUNDS : ROUNDS / 2;  // steps whose weights are in registers
  // A row's first and second 64 bytes of a step are read in turn: even and odd rows would meet in the same banks.
  const int odd = lane >> 2 & 1;
  const uint32_t from = slot + (lane >> 2) * pitch + warp * (2 * kStep) + (lane & 3) * 16 + odd * kStep;
  float part[PAIRS][4][4] = {};  // four chains, or the products would wait for each other
#pragma unroll
  for (int first = 0; first < ROUNDS; first += BATCH) {
    uint4 w[BATCH][2];
#pragma unroll
    for (int j = 0; j < BATCH; ++j) {
      if (warp + kWarps * (first + j) < steps) {
        const uint32_t at = from + (first + j) * kWarps * 2 * kStep;
        const uint4 a = loadShared16(at), b = loadShared16(at ^ kStep);
        w[j][0] = odd ? b : a;
        w[j][1] = odd ? a : b;
      }
    }
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

template <int GROUPS, int ROUNDS, typename T>
DEVICE void linear(const T* x, const T* __restrict__ w, const T* residual, T* y, LinearShape shape) {
  extern __shared__ __align__(128) uint8_t shared[];
  constexpr int SUMS = GROUPS * 8 * kTile;                       // of a tile: [token][row]
  float* partials = reinterpret_cast<float*>(shared + kHeader);  // [2][kWarps][SUMS]
  const int tid = threadIdx.x, warp = tid >> 5, lane = tid & 31, token = lane >> 2;
  const int begin = (long long)shape.width * blockIdx.x / gridDim.x, end = (long long)shape.width * (blockIdx.x + 1) / gridDim.x;
  const int rows = shape.gated ? kTile / 2 : kTile, tiles = (end - begin + rows - 1) / rows, steps = shape.depth / kStep;
  const int slotBytes = kTile * 2 * shape.depth;
  const uint32_t full = sharedAddress(shared), slots = full + kHeader + 2 * kWarps * SUMS * 4;
  const auto ask = [&](int tile, int slot) {
    const int row = begin + tile * rows;
    request(slots + slot * slotBytes, full + 8 * slot, w, shape, row, min(rows, end - row));
    if (tile == tiles - 1) letNextKernelStart();
  };
  if (tid == 0) {
    for (int i = 0; i < shape.slots; ++i) barrierInit(full + 8 * i, 1);
    barrierInitFence();
    for (int i = 0; i < min(shape.slots, tiles); ++i) ask(i, i);
  }
  waitForPreviousKernel();
  uint4 columns[GROUPS][ROUNDS][2];
#pragma unroll
  for (int g = 0; g < GROUPS; ++g)
    loadToken<ROUNDS>(columns[g], x + (size_t)(g * 8 + token) * shape.depth, steps, warp, lane, g * 8 + token < shape.numTokens);
  __syncthreads();

  int slot = 0;
  uint32_t phase = 0;
  for (int tile = 0; tile < tiles; ++tile) {
    // The threads that sum this tile up, in turn; a sum is a token's and a row's.
    const int row = begin + tile * rows, mine = (tid - tile * SUMS) & (kThreads - 1), myRow = mine % kTile;
    const size_t at = (size_t)(mine / kTile) * shape.width + row + myRow;
    const bool isMine = mine < SUMS && mine / kTile < shape.numTokens && myRow < min(rows, end - row);
    const float more = isMine && residual ? toFloat(__ldcg(residual + at)) : 0.f;
    barrierWait(full + 8 * slot, phase);
    float* all = partials + (tile & 1) * kWarps * SUMS;
    multiply<GROUPS, ROUNDS, T>(all + warp * SUMS, columns, slots + slot * slotBytes, 2 * shape.depth, steps, warp, lane);
    __syncthreads();  // the slot has been read, and the partial sums are there; of these two buffers: one barrier a tile is enough
    if (tid == 0 && tile + shape.slots < tiles) {
      asyncProxyFence();
      ask(tile + shape.slots, slot);
    }
    if (mine < SUMS) {
      float total = 0;
#pragma unroll
      for (int i = 0; i < kWarps; ++i) total += all[i * SUMS + mine];  // eight shares of k, in order
      if (shape.gated) {
        const float up = __shfl_down_sync(~0u, total, kTile / 2);
        total = total / (1.f + __expf(-total)) * up;
      }
      if (isMine) y[at] = fromFloat<T>(total + more);
    }
    if (++slot == shape.slots) {
      slot = 0;
      phase ^= 1;
    }
  }
}

#define DEFINE(GROUPS, ROUNDS, SUFFIX, T)                                                                             \
  extern "C" __global__ void __launch_bounds__(kThreads, GROUPS == 1 && ROUNDS <= 6 ? 2 : 1)                           \
      linear_##GROUPS##_##ROUNDS##_##SUFFIX(const T* x, const T* w, const T* residual, T* y, LinearShape shape) {     \
    linear<GROUPS, ROUNDS>(x, w, residual, y, shape);                                                                 \
  }
#define DEFINE_TYPES(GROUPS, ROUNDS)          \
  DEFINE(GROUPS, ROUNDS, f16, __half)         \
  DEFINE(GROUPS, ROUNDS, bf16, __nv_bfloat16)
DEFINE_TYPES(1, 4)
DEFINE_TYPES(1, 6)
DEFINE_TYPES(1, 10)
DEFINE_TYPES(2, 4)
DEFINE_TYPES(2, 6)
DEFINE_TYPES(2, 10)
DEFINE_TYPES(4, 4)

// DeepSeekMoE for 1 to 8 tokens: routing, grouping, both products with SwiGLU between them and the weighted sum in one kernel.
//
// x, y [T, hidden]; ids, weights [T, choices] or 0; logits [T, experts] or 0. With logits the routing happens inside (softmax,
// the largest kTopK, times scale), and ids and weights are outputs; without, ids outside [0, all) are skipped, and a token's others differ.
// Shared experts are the last of all, and of a token's choices: choices are kTopK + shared, all experts + shared.
// gateUp [all, 2 * inter, hidden], rows gate_0, up_0, gate_1, up_1, ...; down [all, hidden, inter]; both f16, or int8 (int8.cuh) with
// gateUpScales [all, 2 * inter, hidden / 128] and downScales [all, hidden, inter / 128] in f16.
// workspace: kWorkspaceHeader + T * choices * inter * 2 bytes, its header zeroed once; one a stream.
//
// At these sizes the layer is a stream of weights, and everything here serves to keep that stream running:
//  * One block an SM. A producer thread fills a ring of slots with bulk copies of 16 rows; eight consumer warps only ever see
//    shared memory. The producer knows nothing of the activations, so it runs on from the first weights into the second
//    while the consumers still wait for the other blocks' part of h.
//  * Tensor cores even for one token: 16 weight rows as M, 8 token columns as N. Column t is token t for every expert, and where the
//    token has not chosen the expert, nobody reads it: so x is loaded once, and sums over experts stay in registers. Any order of k
//    is right as long as both operands share it, so a lane reads 16 contiguous bytes of a row (its part of two products, four in
//    int8) and the same k of its token: no ldmatrix.
//  * Up: tiles of 16 rows of all active experts, spread evenly over the blocks. Down: a block owns its output rows for all experts,
//    16 at a time, so the sum over experts stays inside it: no atomics, one fixed order (experts ascending).
// A token's result depends on that token alone: the same bits whatever shares the batch, and whatever the grid is.
//
// Grid: at most one block an SM, since all blocks wait for each other; so two of these must not run at the same time.
// kThreads threads, Shape::SHARED_BYTES bytes of dynamic shared memory.
#include "experts-small.cuh"
#include "experts-small-int8.cuh"

DEVICE void consumerBarrier() { namedBarrier(1, kConsumers); }

// Gives a slot back to the copy engine. The fence orders this warp's reads before the engine's next writes: without it an earlier form with
// int8 weights and many short copies a slot gave wrong bits now and then (test/kernels: stress).
DEVICE void release(uint32_t bar, int lane) {
  asyncProxyFence();
  __syncwarp();
  if (lane == 0) barrierArrive(bar);
}

// 8 elements of a row as f16, through L2: h was written by other SMs during this launch.
DEVICE uint4 loadHalves(const __half* from) { return __ldcg(reinterpret_cast<const uint4*>(from)); }
DEVICE uint4 loadHalves(const __nv_bfloat16* from) {
  uint4 v = __ldcg(reinterpret_cast<const uint4*>(from));
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const float2 x = Pair<__nv_bfloat16>::unpack((&v.x)[i]);
    (&v.x)[i] = Pair<__half>::pack(x.x, x.y);
  }
  return v;
}

// A 16-row chunk times the tokens; this warp takes steps warp, warp + 8, ... . All loads come before the first product.
template <int STEPS, int ROUNDS, int ROW>
DEVICE void multiply(float (&acc)[4], uint32_t chunk, const uint4 (&b)[ROUNDS], int warp, int lane) {
  const uint32_t low = chunk + (lane >> 2) * ROW + (lane & 3) * 16, high = low + 8 * ROW;
  float sum[4] = {}, odd[4] = {};
  uint4 p[ROUNDS], q[ROUNDS];
#pragma unroll
  for (int i = 0; i < ROUNDS; ++i) {
    const int s = warp + kWarps * i;
    if (STEPS % kWarps == 0 || s < STEPS) {
      p[i] = loadShared16(low + s * 64);
      q[i] = loadShared16(high + s * 64);
    }
  }
#pragma unroll
  for (int i = 0; i < ROUNDS; ++i) {
    if (STEPS % kWarps == 0 || warp + kWarps * i < STEPS) {
      multiplyAdd(__half(), sum, p[i].x, q[i].x, p[i].y, q[i].y, b[i].x, b[i].y);
      multiplyAdd(__half(), odd, p[i].z, q[i].z, p[i].w, q[i].w, b[i].z, b[i].w);  // a second chain, or the products would wait for each other
    }
  }
#pragma unroll
  for (int j = 0; j < 4; ++j) acc[j] += sum[j] + odd[j];
}

// The same steps' activations of one token: a lane holds token column lane / 4, LOADS times 8 of its elements for a step.
template <int STEPS, int ROUNDS, int LOADS, typename T> DEVICE void loadColumn(uint4 (&b)[ROUNDS * LOADS], const T* row, int warp, int lane) {
  const T* at = row + (warp * 32 + (lane & 3) * 8) * LOADS;
#pragma unroll
  for (int i = 0; i < ROUNDS; ++i) {
#pragma unroll
    for (int load = 0; load < LOADS; ++load)
      if (STEPS % kWarps == 0 || warp + kWarps * i < STEPS) b[i * LOADS + load] = loadHalves(at + i * kWarps * 32 * LOADS + load * 8);
  }
}

DEVICE __half hiddenValue(float gate, float up) {
  const float value = gate / (1.f + __expf(-gate)) * up * (1.f / kHiddenUnit);
  return __float2half_rn(fabsf(value) > 65504.f ? copysignf(65504.f, value) : value);  // NaN stays NaN
}

template <class S, typename T>
DEVICE void experts(const T* x, int* ids, float* weights, const float* logits, float scale, const uint8_t* gateUp, const __half* gateUpScales,
                    const uint8_t* down, const __half* downScales, T* y, uint8_t* workspace, int numTokens) {
  extern __shared__ __align__(128) uint8_t shared[];
  Plan& plan = *reinterpret_cast<Plan*>(shared);
  float* scratch = reinterpret_cast<float*>(shared + kPlanBytes);
  const int tid = threadIdx.x, warp = tid >> 5, lane = tid & 31, block = blockIdx.x, blocks = gridDim.x, pairs = numTokens * S::CHOICES;
  uint32_t* counters = reinterpret_cast<uint32_t*>(workspace);
  __half* h = reinterpret_cast<__half*>(workspace + kWorkspaceHeader);
  Ring<S::SLOT, S::SLOTS> ring{sharedAddress(shared)};

  if (tid == 0) {
    for (int i = 0; i < S::SLOTS; ++i) {
      barrierInit(sharedAddress(plan.full + i), 1);
      barrierInit(sharedAddress(plan.empty + i), kWarps);
    }
    barrierInitFence();
  }
  if (tid < sizeof(plan.chosen) / 4) plan.chosen[tid] = 0;
  for (int i = tid; i < kMaxPairs * kMaxTokens; i += kThreads) plan.pair[i / kMaxTokens][i % kMaxTokens] = -1;
  waitForPreviousKernel();
  letNextKernelStart();  // after the wait: two of these must not run at the same time
  if (logits && warp < numTokens) {  // a warp a token
    const int first = warp * S::CHOICES;
    route<S::EXPERTS, S::SHARED>(logits + warp * S::EXPERTS, scale, plan.id + first, plan.routed + first, lane);
    if (block == 0 && ids) {
      __syncwarp();
      if (lane < S::CHOICES) {
        ids[first + lane] = plan.id[first + lane];
        weights[first + lane] = plan.routed[first + lane];
      }
    }
  } else if (!logits && tid < pairs) {
    const int e = ids[tid];
    plan.id[tid] = (unsigned)e < S::ALL ? e : -1;
    plan.routed[tid] = weights[tid];
  }
  __syncthreads();
  const int active = group<S>(plan, pairs, tid), tiles = active * S::TILES;
  const int tile0 = tiles * block / blocks, tile1 = tiles * (block + 1) / blocks;                        // up: 16 rows each
  const int row0 = S::HIDDEN / 8 * block / blocks * 8, row1 = S::HIDDEN / 8 * (block + 1) / blocks * 8;  // down: multiples of 8 rows

  if (warp == kWarps) {  // ---- the producer, one thread ----
    if (!electOne()) return;
    for (int tile = tile0; tile < tile1; ++tile) {
      const size_t row = (size_t)plan.expert[tile / S::TILES] * 2 * S::INTER + tile % S::TILES * 16;
#pragma unroll 1
      for (int c = 0; c < S::CHUNKS; c += S::PARTS) {
        constexpr int width = S::KC * S::PARTS;
        const uint32_t slot = ring.slot(), full = ring.full();
        barrierWait(ring.empty(), ring.phase ^ 1);
        barrierExpect(full, 16 * (width * S::BYTES + 2 * S::SCALES1));
        if (S::WHOLE) bulkCopy(slot, gateUp + row * width * S::BYTES, 16 * width * S::BYTES, full);
        else for (int i = 0; i < 16; ++i)
          bulkCopy(slot + i * S::ROW1, gateUp + ((row + i) * S::HIDDEN + c * S::KC) * S::BYTES, width * S::BYTES, full);
        if (S::INT8) bulkCopy(slot + 16 * S::ROW1, gateUpScales + row * S::SCALES1, 16 * 2 * S::SCALES1, full);
        ring.next();
      }
    }
    for (int r = row0; r < row1; r += 16) {
      const int rows = min(16, row1 - r);
      for (int a = 0; a < active; ++a) {
        const uint32_t full = ring.full();
        const size_t row = (size_t)plan.expert[a] * S::HIDDEN + r;
        barrierWait(ring.empty(), ring.phase ^ 1);
        barrierExpect(full, rows * (S::ROW2 + 2 * S::SCALES2));
        bulkCopy(ring.slot(), down + row * S::ROW2, rows * S::ROW2, full);
        if (S::INT8) bulkCopy(ring.slot() + 16 * S::ROW2, downScales + row * S::SCALES2, rows * 2 * S::SCALES2, full);
        ring.next();
      }
    }
    return;
  }

  // ---- the consumers ----
  const int column = lane >> 2, pairOf = (lane & 3) * 2;  // as operand: a token; as result: tokens pairOf, pairOf + 1 of rows column, column + 8
  // Puts this warp's partial tile down and returns all warps'. Of two buffers in turn, so that one barrier a tile is enough.
  int parity = 0;
  const auto share = [&](const float (&v)[4]) {
    float* const all = scratch + parity * kWarps * kPartial;
    float* const mine = all + warp * kPartial + pairOf * kColumn + column;
    mine[0] = v[0];
    mine[kColumn] = v[1];
    mine[8] = v[2];
    mine[kColumn + 8] = v[3];
    parity ^= 1;
    consumerBarrier();
    return all;
  };
  uint4 tokens[S::CHUNKS][S::ROUNDS1 * S::LOADS];  // all of x that this lane will need; columns beyond the tokens repeat the last
#pragma unroll
  for (int c = 0; c < S::CHUNKS; ++c)
    loadColumn<S::STEPS1, S::ROUNDS1, S::LOADS>(tokens[c], x + min(column, numTokens - 1) * S::HIDDEN + c * S::KC, warp, lane);
  for (int tile = tile0; tile < tile1; ++tile) {
    float acc[4] = {};
#pragma unroll
    for (int c = 0; c < S::CHUNKS; ++c) {
      const int part = c % S::PARTS;
      const uint32_t slot = ring.slot(), chunk = part * S::KC * S::BYTES;
      if (part == 0) barrierWait(ring.full(), ring.phase);
      if constexpr (S::INT8) multiplyCodes<kWarps, S::STEPS1, S::ROUNDS1, S::ROW1, S::SCALES1>(acc, slot, chunk, tokens[c], warp, lane, c * S::KC / 128);
      else multiply<S::STEPS1, S::ROUNDS1, S::ROW1>(acc, slot + chunk, tokens[c], warp, lane);
      if (part == S::PARTS - 1) {
        release(ring.empty(), lane);
        ring.next();
      }
    }
    // Then eight warps' shares of k to one sum, in order, by 64 threads: the warps take turns.
    const float* all = share(acc);
    const int token = tid >> 3 & 7, j = tid & 7, pair = plan.pair[tile / S::TILES][token];
    if ((tid >> 6) == (tile & 3) && pair >= 0) {
      float gate = 0, up = 0;
#pragma unroll
      for (int w = 0; w < kWarps; ++w) {
        const float2 v = *reinterpret_cast<const float2*>(all + w * kPartial + token * kColumn + 2 * j);
        gate += v.x;
        up += v.y;
      }
      h[pair * S::INTER + tile % S::TILES * 8 + j] = hiddenValue(gate, up);
    }
  }
  // All of h must be there; the last block to leave sets the counters back for the next launch.
  consumerBarrier();
  if (tid == 0) {
    __threadfence();
    atomicAdd(counters, 1);
    uint32_t seen;
    do asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(seen) : "l"(counters) : "memory");
    while (seen < blocks);
    if (atomicAdd(counters + 1, 1) == blocks - 1) {
      counters[0] = 0;
      counters[1] = 0;
    }
  }
  consumerBarrier();
  for (int r = row0; r < row1; r += 16) {
    // h comes through L2, which takes its time: three experts' columns are on their way or in use.
    constexpr int N = S::ROUNDS2 * S::LOADS, B = 3;
    uint4 b[B][N] = {};                  // a column whose token has not chosen the expert keeps what it had: nobody reads the result
    const auto load = [&](uint4 (&to)[N], int a) {
      const int pair = a < active ? plan.pair[a][column] : -1;
      if (pair >= 0) loadColumn<S::STEPS2, S::ROUNDS2, S::LOADS>(to, h + pair * S::INTER, warp, lane);
    };
#pragma unroll
    for (int i = 0; i < B; ++i) load(b[i], i);
    float sum[4] = {};                   // this warp's share of k
    for (int from = 0; from < active; from += B) {
#pragma unroll
      for (int i = 0; i < B; ++i) {
        const int a = from + i;
        if (a >= active) break;
        float acc[4] = {};
        barrierWait(ring.full(), ring.phase);
        if constexpr (S::INT8) multiplyCodes<kWarps, S::STEPS2, S::ROUNDS2, S::ROW2, S::SCALES2>(acc, ring.slot(), 0, b[i], warp, lane, 0);
        else multiply<S::STEPS2, S::ROUNDS2, S::ROW2>(acc, ring.slot(), b[i], warp, lane);
        release(ring.empty(), lane);     // before more is asked for: the fence waits for all that is on its way
        ring.next();
        load(b[i], a + B);
#pragma unroll
        for (int j = 0; j < 2; ++j) {
          if (plan.pair[a][pairOf + j] >= 0) {
            const float weight = plan.weight[a][pairOf + j];
            sum[j] += weight * acc[j];
            sum[2 + j] += weight * acc[2 + j];
          }
        }
      }
    }
    const float* all = share(sum);
    const int token = tid >> 4, row = tid & 15;
    if (token < numTokens && r + row < row1) {
      float total = 0;
#pragma unroll
      for (int w = 0; w < kWarps; ++w) total += all[w * kPartial + token * kColumn + row];
      y[(size_t)token * S::HIDDEN + r + row] = fromFloat<T>(total);
    }
  }
}

#define DEFINE(NAME, SUFFIX, T)                                                                                       \
  extern "C" __global__ void __launch_bounds__(kThreads, 1) smallExperts##NAME##_##SUFFIX(                             \
      const T* x, int* ids, float* weights, const float* logits, float scale, const uint8_t* gateUp,                  \
      const __half* gateUpScales, const uint8_t* down, const __half* downScales, T* y, uint8_t* workspace,            \
      int numTokens) {                                                                                                \
    experts<NAME>(x, ids, weights, logits, scale, gateUp, gateUpScales, down, downScales, y, workspace, numTokens);    \
  }
#define DEFINE_SHAPE(NAME)                                                                                            \
  DEFINE(NAME, f16, __half)                                                                                           \
  DEFINE(NAME, bf16, __nv_bfloat16)                                                                                   \
  extern "C" __device__ const int smallExperts##NAME##_sharedBytes = NAME::SHARED_BYTES;

using V2Lite = Shape<2048, 1408, 64, 2, false, 1024, 2>;
using V2 = Shape<5120, 1536, 160, 2, false, 1024, 1>;
using V2LiteInt8 = Shape<2048, 1408, 64, 0, true, 1024, 2>;
using V2Int8 = Shape<5120, 1536, 160, 0, true, 1024, 5>;
DEFINE_SHAPE(V2Lite)
DEFINE_SHAPE(V2)
DEFINE_SHAPE(V2LiteInt8)
DEFINE_SHAPE(V2Int8)

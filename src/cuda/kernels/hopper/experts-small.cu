// DeepSeekMoE for 1 to 32 tokens: routing, grouping, both products with SwiGLU between them and the weighted sum in one kernel.
//
// x, y [T, hidden]; ids, weights [T, choices] or 0; logits [T, experts] or 0. With logits the routing happens inside (softmax,
// the largest kTopK, times scale), and ids and weights are outputs; without, ids outside [0, all) are skipped. Shared experts are the last of
// all, and of a token's choices: choices are kTopK + shared, all experts + shared.
// gateUp [all, 2 * inter, hidden], rows gate_0, up_0, gate_1, up_1, ...; down [all, hidden, inter]; both f16, or int8 (int8.cuh) with
// gateUpScales [all, 2 * inter, hidden / 128] and downScales [all, hidden, inter / 128] in f16.
// workspace: kWorkspaceHeader + T * choices * inter * 2 bytes, its header zeroed once; one a stream.
//
// At these sizes the layer is a stream of weights, and everything here serves to keep that stream running:
//  * One block an SM. A producer thread fills a ring of slots with bulk copies of 16 rows; eight consumer warps only ever see
//    shared memory. The producer knows nothing of the activations, so it runs on from the first weights into the second
//    while the consumers still wait for the other blocks' part of h.
//  * Tensor cores even for one token: 16 weight rows as M, 8 token columns as N. Any order of k is right as long as both
//    operands share it, so a lane reads 16 contiguous bytes of a row (its part of two products, four in int8) and the same k of
//    its token: no ldmatrix.
//  * Up: tiles of 16 rows of all active experts, spread evenly over the blocks. Down: a block owns up to 16 output rows for all
//    experts, so the sum over experts stays inside it: no atomics, one fixed order (experts ascending).
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

// A 16-row chunk times NG groups of 8 tokens; this warp takes steps warp, warp + 8, ... . A chunk's sum is made apart and
// added once, so that a token gets the same bits in every column and group. All loads come before the first product.
template <int STEPS, int ROUNDS, int ROW, int NG>
DEVICE void multiply(float (&acc)[NG][4], uint32_t chunk, const uint4* const (&b)[NG], int warp, int lane) {
  const uint32_t low = chunk + (lane >> 2) * ROW + (lane & 3) * 16, high = low + 8 * ROW;
  float sum[NG][4] = {}, odd[NG][4] = {};
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
#pragma unroll
      for (int g = 0; g < NG; ++g) {
        const uint4 x = b[g][i];
        multiplyAdd(__half(), sum[g], p[i].x, q[i].x, p[i].y, q[i].y, x.x, x.y);
        multiplyAdd(__half(), odd[g], p[i].z, q[i].z, p[i].w, q[i].w, x.z, x.w);  // a second chain, or the products would wait for each other
      }
    }
  }
#pragma unroll
  for (int g = 0; g < NG; ++g) {
#pragma unroll
    for (int j = 0; j < 4; ++j) acc[g][j] += sum[g][j] + odd[g][j];
  }
}

// The same steps' activations of one token: a lane holds token column lane / 4, LOADS times 8 of its elements for a step.
template <int STEPS, int ROUNDS, int LOADS, typename T> DEVICE void loadColumn(uint4* b, const T* row, int warp, int lane) {
  const T* at = row + (warp * 32 + (lane & 3) * 8) * LOADS;
#pragma unroll
  for (int i = 0; i < ROUNDS; ++i) {
#pragma unroll
    for (int load = 0; load < LOADS; ++load)
      if (STEPS % kWarps == 0 || warp + kWarps * i < STEPS) b[i * LOADS + load] = loadHalves(at + i * kWarps * 32 * LOADS + load * 8);
  }
}

// A lane's four results: rows column, column + 8 of two token columns.
DEVICE void putPartial(float* at, const float (&v)[4], bool add) {
  at[0] = v[0] + (add ? at[0] : 0.f);
  at[kColumn] = v[1] + (add ? at[kColumn] : 0.f);
  at[8] = v[2] + (add ? at[8] : 0.f);
  at[kColumn + 8] = v[3] + (add ? at[kColumn + 8] : 0.f);
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
  if (tid < S::ALL) plan.count[tid] = 0;
  waitForPreviousKernel();
  letNextKernelStart();  // after the wait: two of these must not run at the same time
  if (tid >= pairs && tid < kMaxPairs) plan.id[tid] = -1;
  if (logits) {
    for (int t = warp; t < numTokens; t += kThreads / 32) {
      route<S::EXPERTS, S::SHARED>(logits + t * S::EXPERTS, scale, plan.id + t * S::CHOICES, plan.routed + t * S::CHOICES, lane);
      if (block == 0 && ids) {
        __syncwarp();
        if (lane < S::CHOICES) {
          ids[t * S::CHOICES + lane] = plan.id[t * S::CHOICES + lane];
          weights[t * S::CHOICES + lane] = plan.routed[t * S::CHOICES + lane];
        }
      }
    }
  } else if (tid < pairs) {
    const int e = ids[tid];
    plan.id[tid] = (unsigned)e < S::ALL ? e : -1;
    plan.routed[tid] = weights[tid];
  }
  __syncthreads();
  group<S>(plan, pairs, tid);

  const int active = plan.active;
  const int tile0 = active ? plan.tile[0] : 0, tile1 = active ? plan.tile[1] : 0;                        // up: 16 rows each
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
  const int column = lane >> 2, pairOf = (lane & 3) * 2;  // as operand: token column; as result: token columns pairOf, pairOf + 1 of rows column, column + 8
  {
    const auto load = [&](uint4* to, int at, int end, int c) {  // columns of pairs at .. at + 7; beyond end the first once more: nobody reads the result
      loadColumn<S::STEPS1, S::ROUNDS1, S::LOADS>(to, x + plan.token[at + column < end ? at + column : at] * S::HIDDEN + c * S::KC, warp, lane);
    };
    constexpr int N = S::ROUNDS1 * S::LOADS, B = S::CROWD ? S::CHUNKS : 2;
    uint4 b[B][N];                       // the first 8 tokens of the current expert (a block meets one or two experts), or two chunks of them in turn
    uint4 more[3][N];                    // the others', for the next chunk: loaded as soon as the last chunk's are used
    int current = -1, parity = 0;
    for (int tile = tile0; tile < tile1; ++tile) {
      const int a = tile / S::TILES, start = plan.start[a], end = plan.start[a + 1], n = end - start;
      if (a != current) {
        current = a;
#pragma unroll
        for (int c = 0; c < B; ++c) load(b[c], start, end, c);
#pragma unroll
        for (int g = 1; g < 4; ++g) if (S::CROWD && g * 8 < n) load(more[g - 1], start + g * 8, end, 0);
      }
      float acc[1][4] = {};
      const int mine = warp * kPartial + pairOf * kColumn + column;
      float* extra = scratch + 2 * kWarps * kPartial;  // the sums of tokens beyond 8 wait in shared memory
#pragma unroll
      for (int c = 0; c < S::CHUNKS; ++c) {
        const int part = c % S::PARTS;
        const uint32_t slot = ring.slot(), chunk = part * S::KC * S::BYTES;
        const auto product = [&](auto& sum, auto&... columns) {
          const uint4* const of[] = {columns...};
          if constexpr (S::INT8) multiplyCodes<kWarps, S::STEPS1, S::ROUNDS1, S::ROW1, S::SCALES1>(sum, slot, chunk, of, warp, lane, c * S::KC / 128);
          else multiply<S::STEPS1, S::ROUNDS1, S::ROW1>(sum, slot + chunk, of, warp, lane);
        };
        if (part == 0) barrierWait(ring.full(), ring.phase);
        if (S::CROWD && n > 8) {         // pairs of groups share the weights' way out of shared memory
          float two[2][4] = {}, last[2][4] = {};
          product(two, b[c % B], more[0]);
          load(more[0], start + 8, end, (c + 1) % S::CHUNKS);
#pragma unroll
          for (int k = 0; k < 4; ++k) acc[0][k] += two[0][k];
          putPartial(extra + mine, two[1], c > 0);
          if (n > 16) {
            product(last, more[1], more[2]);
            load(more[1], start + 16, end, (c + 1) % S::CHUNKS);
            if (n > 24) load(more[2], start + 24, end, (c + 1) % S::CHUNKS);
            putPartial(extra + kWarps * kPartial + mine, last[0], c > 0);
            if (n > 24) putPartial(extra + 2 * kWarps * kPartial + mine, last[1], c > 0);
          }
        } else {
          product(acc, b[c % B]);
          if (B < S::CHUNKS) load(b[c % B], start, end, c + B < S::CHUNKS ? c + B : c % B);
          if (!S::CROWD) {
#pragma unroll 1
            for (int g = 1; g * 8 < n; ++g) {  // crowded experts are rare among 160
              float sum[1][4] = {};
              load(more[0], start + g * 8, end, c);
              product(sum, more[0]);
              putPartial(extra + (g - 1) * kWarps * kPartial + mine, sum[0], c > 0);
            }
          }
        }
        if (part == S::PARTS - 1) {
          release(ring.empty(), lane);
          ring.next();
        }
      }
      putPartial(scratch + parity * kWarps * kPartial + mine, acc[0], false);
      consumerBarrier();                 // then eight warps' shares of k to one sum, in order, 64 threads a group
      for (int g = 0; g * 8 < n; ++g) {
        const int token = g * 8 + (tid >> 3 & 7), j = tid & 7;
        if ((tid >> 6) == ((tile + g) & 3) && token < n) {
          const float* all = (g ? extra + (g - 1) * kWarps * kPartial : scratch + parity * kWarps * kPartial) + (token & 7) * kColumn + 2 * j;
          float gate = 0, up = 0;
#pragma unroll
          for (int w = 0; w < kWarps; ++w) {
            const float2 v = *reinterpret_cast<const float2*>(all + w * kPartial);
            gate += v.x;
            up += v.y;
          }
          h[plan.pair[start + token] * S::INTER + tile % S::TILES * 8 + j] = hiddenValue(gate, up);
        }
      }
      parity ^= 1;                       // two buffers for the first group: one barrier a tile is enough
      if (n > 8) consumerBarrier();
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
  float* sums = scratch + warp * kMaxTokens * 16;  // this warp's share of k, [token][row]
  for (int r = row0; r < row1; r += 16) {
    for (int i = lane; i < numTokens * 16; i += 32) sums[i] = 0;
    __syncwarp();
    // h comes through L2, which takes its time: three sets of columns (two, where registers are short) are on their way or in use.
    constexpr int N = S::ROUNDS2 * S::LOADS, B = S::CROWD ? 3 : 2;
    uint4 b[B][N];
    int a = 0, at = 0, end = active ? plan.start[1] : 0, coming = 0, next = 0, nextEnd = end;  // the columns in use, those to ask for
    const auto load = [&](uint4 (&to)[N]) {
      if (coming < active)
        loadColumn<S::STEPS2, S::ROUNDS2, S::LOADS>(to, h + plan.pair[next + column < nextEnd ? next + column : next] * S::INTER, warp, lane);
      next += 8;
      if (next >= nextEnd && ++coming < active) {
        next = nextEnd;
        nextEnd = plan.start[coming + 1];
      }
    };
    const auto use = [&](uint4 (&columns)[N], bool& fresh) {
      if (fresh) barrierWait(ring.full(), ring.phase);
      float acc[1][4] = {};
      const uint4* const of[1] = {columns};
      if constexpr (S::INT8) multiplyCodes<kWarps, S::STEPS2, S::ROUNDS2, S::ROW2, S::SCALES2>(acc, ring.slot(), 0, of, warp, lane, 0);
      else multiply<S::STEPS2, S::ROUNDS2, S::ROW2>(acc, ring.slot(), of, warp, lane);
      fresh = at + 8 >= end;
      if (fresh) {                       // before more is asked for: the fence waits for all that is on its way
        release(ring.empty(), lane);
        ring.next();
      }
      load(columns);
#pragma unroll
      for (int j = 0; j < 2; ++j) {
        if (at + pairOf + j < end) {
          const float weight = plan.weight[at + pairOf + j];
          float* sum = sums + plan.token[at + pairOf + j] * 16 + column;
          sum[0] += weight * acc[0][j];
          sum[8] += weight * acc[0][2 + j];
        }
      }
      __syncwarp();
      at += 8;
      if (fresh) {
        at = end;
        if (++a < active) end = plan.start[a + 1];
      }
      return a < active;
    };
    bool fresh = true;
#pragma unroll
    for (int i = 0; i < B; ++i) load(b[i]);
    if (active)
      while (use(b[0], fresh) && use(b[1], fresh) && (B < 3 || use(b[B - 1], fresh))) {}
    consumerBarrier();
    for (int i = tid; i < numTokens * 16; i += kConsumers) {
      float sum = 0;
#pragma unroll
      for (int w = 0; w < kWarps; ++w) sum += scratch[w * kMaxTokens * 16 + i];
      if (r + (i & 15) < row1) y[(size_t)(i >> 4) * S::HIDDEN + r + (i & 15)] = fromFloat<T>(sum);
    }
    consumerBarrier();
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

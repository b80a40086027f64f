// What experts-route.cu and experts-route-many.cu have in common: the choice of experts, running sums, loads.
#pragma once
#include <limits.h>

#include "primitives.cuh"

constexpr int kMaxExperts = 256;

struct RouteShape {
  int numTokens, experts, topK, shared;
  int groups, topGroups;  // groups 0: experts are not limited to groups; up to 32
  int normalize;          // weights sum to 1 and are not scaled
  float scale;
  __device__ __forceinline__ int choices() const { return topK + shared; }  // of a token: up to 32
  __device__ __forceinline__ int all() const { return experts + shared; }   // up to kMaxExperts
};

// Orders as floats do.
DEVICE uint32_t toOrdered(float x) {
  const uint32_t bits = __float_as_uint(x);
  return bits ^ (bits >> 31 ? ~0u : 0x80000000u);
}
DEVICE float fromOrdered(uint32_t x) { return __uint_as_float(x ^ (x >> 31 ? 0x80000000u : ~0u)); }

// The best of the lanes' values; of equal ones that with the lowest index.
DEVICE int bestOfWarp(float value, int index, float* best) {
  const uint32_t own = toOrdered(value), most = __reduce_max_sync(~0u, own);
  *best = fromOrdered(most);
  return __reduce_min_sync(~0u, own == most ? index : INT_MAX);
}

// One warp: softmax over all experts, then the topK largest, as portableRoute does it. Lane k < topK gets the k-th choice, -1 for none, and those
// behind it the shared experts.
// PER_LANE: experts of a lane, at most.
// scores: room for the experts, needed where there are groups.
template <int PER_LANE>
DEVICE void routeToken(const float* logits, const RouteShape& shape, float* scores, int* chosen, float* weight) {
  const int lane = threadIdx.x & 31;
  float open[PER_LANE], top = -INFINITY, sum = 0.f;
#pragma unroll
  for (int i = 0; i < PER_LANE; ++i) {
    open[i] = i * 32 + lane < shape.experts ? logits[i * 32 + lane] : -INFINITY;
    top = fmaxf(top, open[i]);
  }
  top = warpMax(top);
#pragma unroll
  for (int i = 0; i < PER_LANE; ++i) {
    if (i * 32 + lane < shape.experts) sum += open[i] = expf(open[i] - top);
  }
  sum = warpSum(sum);
#pragma unroll
  for (int i = 0; i < PER_LANE; ++i) open[i] = i * 32 + lane < shape.experts ? open[i] / sum : -INFINITY;

  if (shape.groups > 0) {
    const int perGroup = shape.experts / shape.groups;
#pragma unroll
    for (int i = 0; i < PER_LANE; ++i) {
      if (i * 32 + lane < shape.experts) scores[i * 32 + lane] = open[i];
    }
    __syncwarp();
    float best = -INFINITY;
    if (lane < shape.groups) {
      for (int i = 0; i < perGroup; ++i) best = fmaxf(best, scores[lane * perGroup + i]);
    }
    __syncwarp();
    uint32_t kept = 0;
#pragma unroll 1
    for (int n = 0; n < shape.topGroups; ++n) {
      float ignored;
      const int group = bestOfWarp(best, lane, &ignored);
      kept |= 1u << group;
      if (lane == group) best = -INFINITY;
    }
#pragma unroll
    for (int i = 0; i < PER_LANE; ++i) {
      if (i * 32 + lane < shape.experts && !(kept >> ((i * 32 + lane) / perGroup) & 1)) open[i] = -1.f;
    }
  }
  float mass = 0.f;
  *chosen = -1;
  *weight = 0.f;
#pragma unroll 1
  for (int k = 0; k < shape.topK; ++k) {
    float value = -INFINITY, score;
    int index = shape.experts;
#pragma unroll
    for (int i = 0; i < PER_LANE; ++i) {
      if (open[i] > value) {
        value = open[i];
        index = i * 32 + lane;
      }
    }
    const int expert = bestOfWarp(value, index, &score);
    mass += score;
#pragma unroll
    for (int i = 0; i < PER_LANE; ++i) {
      if (i * 32 + lane == expert) open[i] = -2.f;
    }
    if (lane == k) {
      *chosen = expert < shape.experts ? expert : -1;
      *weight = score;
    }
  }
  *weight *= shape.normalize ? 1.f / (mass + 1e-20f) : shape.scale;
  if (lane >= shape.topK && lane < shape.topK + shape.shared) {
    *chosen = shape.experts + lane - shape.topK;
    *weight = 1.f;
  }
}

// Running sums of two values over a block of threads of which those beyond kMaxExperts have none; `totals` are over all.
DEVICE int2 sumsBefore(int2 own, int2 (&ofWarps)[kMaxExperts / 32], int2* totals) {
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  int2 sum = own;
#pragma unroll
  for (int d = 1; d < 32; d <<= 1) {
    const int x = __shfl_up_sync(~0u, sum.x, d), y = __shfl_up_sync(~0u, sum.y, d);
    if (lane >= d) {
      sum.x += x;
      sum.y += y;
    }
  }
  if (lane == 31 && warp < kMaxExperts / 32) ofWarps[warp] = sum;
  __syncthreads();
  int2 before = make_int2(sum.x - own.x, sum.y - own.y);
  *totals = make_int2(0, 0);
#pragma unroll
  for (int w = 0; w < kMaxExperts / 32; ++w) {
    if (w < warp) {
      before.x += ofWarps[w].x;
      before.y += ofWarps[w].y;
    }
    totals->x += ofWarps[w].x;
    totals->y += ofWarps[w].y;
  }
  return before;
}

// Eight neighbouring elements as f16. Past L1, which belongs to no kernel that is still running.
template <typename T>
DEVICE uint4 loadAsHalves(const T* from) {
  uint4 v = __ldcg(reinterpret_cast<const uint4*>(from));
#pragma unroll
  for (int j = 0; j < 4; ++j) {
    const float2 pair = Pair<T>::unpack((&v.x)[j]);
    (&v.x)[j] = Pair<__half>::pack(pair.x, pair.y);
  }
  return v;
}

// A token's row into the slots of its pairs, by a block of 256 threads: lane k of each warp is told the slot of pair k, -1 for none. Launched early
// behind a kernel that does not write x: the row's first part is loaded before that has ended.
template <typename T, class SlotOfLane>
DEVICE void spreadRow(const T* row, __half* rows, int choices, int hidden, const SlotOfLane& slotOfLane) {
  int column = threadIdx.x * 8;
  uint4 v = make_uint4(0, 0, 0, 0);
  if (column < hidden) v = loadAsHalves(row + column);
  waitForPreviousKernel();
  letNextKernelStart();  // after the wait: what the first product reads early of the groups is then complete
  const int ownSlot = slotOfLane();
  while (column < hidden) {
    for (int k = 0; k < choices; ++k) {
      const int slot = __shfl_sync(~0u, ownSlot, k);
      if (slot >= 0) *reinterpret_cast<uint4*>(rows + (size_t)slot * hidden + column) = v;
    }
    column += 256 * 8;
    if (column < hidden) v = loadAsHalves(row + column);
  }
}

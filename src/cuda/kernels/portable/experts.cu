// DeepSeekMoE (paper section 2.2, HF DeepseekV2MoEGate and DeepseekV2Moe): routing and the experts' weighted sum. Shared experts may be the last
// of the stack: every token has them, behind its topK choices and with a weight of 1. Below, choices are topK + shared, and all experts + shared.
// Any number of experts, hidden and intermediate size. Results do not depend on the batch: every sum has one fixed order.
//
// x        [T, hidden]; logits [T, experts] float, the router's
// ids, weights [T, choices], written by route; ids outside [0, all) are skipped: a token whose logits are NaN has -1
// gateUp   [all, 2 * inter, hidden], rows gate_0, up_0, gate_1, up_1, ...; f16, or float where x is
// down     [all, hidden, inter], of the same type
// h        [T, choices, inter] float, written by up: silu(gate) * up
// y        [T, hidden], written by down: sum over the chosen experts, weighted in float
#include "element.cuh"
#include "experts.cuh"

struct RouteShape {
  int numTokens, experts, topK, shared;
  int groups, topGroups;  // groups 0: experts are not limited to groups
  int normalize;          // weights sum to 1 and are not scaled
  float scale;
  __device__ __forceinline__ int choices() const { return topK + shared; }
};

// The best entry that is not taken yet; of equal ones the first. One warp; every lane gets the result.
DEVICE int warpArgmax(const float* values, int count, float* best) {
  float top = -INFINITY;
  int index = count;
  for (int i = threadIdx.x; i < count; i += 32) {
    if (values[i] > top) {
      top = values[i];
      index = i;
    }
  }
  for (int step = 16; step > 0; step >>= 1) {
    const float otherTop = __shfl_xor_sync(~0u, top, step);
    const int otherIndex = __shfl_xor_sync(~0u, index, step);
    if (otherTop > top || (otherTop == top && otherIndex < index)) {
      top = otherTop;
      index = otherIndex;
    }
  }
  *best = top;
  return index;
}

// Grid T, block 32, dynamic shared memory (2 * experts + groups) floats.
extern "C" __global__ void __launch_bounds__(32) portableRoute(const float* logits, int* ids, float* weights, RouteShape shape) {
  extern __shared__ float shared[];
  float* scores = shared;                     // softmax over all experts
  float* open = scores + shape.experts;       // the same, -1 where an expert is closed or taken
  float* groupBest = open + shape.experts;
  const int token = blockIdx.x, lane = threadIdx.x;
  logits += (size_t)token * shape.experts;
  ids += (size_t)token * shape.choices();
  weights += (size_t)token * shape.choices();

  float top = -INFINITY, sum = 0.f;
  for (int i = lane; i < shape.experts; i += 32) top = fmaxf(top, logits[i]);
  top = warpMax(top);
  for (int i = lane; i < shape.experts; i += 32) sum += scores[i] = expf(logits[i] - top);
  sum = warpSum(sum);
  for (int i = lane; i < shape.experts; i += 32) open[i] = scores[i] = scores[i] / sum;
  __syncwarp();

  if (shape.groups > 0) {
    const int perGroup = shape.experts / shape.groups;
    for (int g = lane; g < shape.groups; g += 32) {
      float best = -INFINITY;
      for (int i = 0; i < perGroup; ++i) best = fmaxf(best, scores[g * perGroup + i]);
      groupBest[g] = best;
    }
    __syncwarp();
    for (int i = lane; i < shape.experts; i += 32) open[i] = -1.f;
    __syncwarp();
    for (int n = 0; n < shape.topGroups; ++n) {
      float best;
      const int group = warpArgmax(groupBest, shape.groups, &best);
      if (group == shape.groups) break;  // NaN: nothing is best
      for (int i = lane; i < perGroup; i += 32) open[group * perGroup + i] = scores[group * perGroup + i];
      __syncwarp();
      if (lane == 0) groupBest[group] = -INFINITY;
      __syncwarp();
    }
  }
  float chosenMass = 0.f;
  for (int k = 0; k < shape.topK; ++k) {
    float score;
    const int expert = warpArgmax(open, shape.experts, &score);
    chosenMass += score;
    __syncwarp();
    if (lane == 0) {
      ids[k] = expert < shape.experts ? expert : -1;
      weights[k] = score;
      if (expert < shape.experts) open[expert] = -2.f;
    }
    __syncwarp();
  }
  const float factor = shape.normalize ? 1.f / (chosenMass + 1e-20f) : shape.scale;
  for (int k = lane; k < shape.topK; k += 32) weights[k] *= factor;
  for (int k = lane; k < shape.shared; k += 32) {
    ids[shape.topK + k] = shape.experts + k;
    weights[shape.topK + k] = 1.f;
  }
}

// Grid (T * topK, ceil(inter / 8)), block 256: one warp an intermediate value. A grid holds 65,535 blocks in y, and more than that in x.
template <typename T, typename W>
DEVICE void expertUp(const T* x, const int* ids, const W* gateUp, float* h, ExpertShape shape) {
  const int lane = threadIdx.x & 31, j = blockIdx.y * 8 + (threadIdx.x >> 5), slot = blockIdx.x;
  if (j >= shape.inter || (unsigned)ids[slot] >= (unsigned)shape.experts) return;
  x += (size_t)(slot / shape.topK) * shape.hidden;
  const W* gate = gateUp + ((size_t)ids[slot] * 2 * shape.inter + 2 * j) * shape.hidden;
  const W* up = gate + shape.hidden;
  float g = 0.f, u = 0.f;
  for (int i = lane; i < shape.hidden; i += 32) {
    const float value = toFloat(x[i]);
    g += value * toFloat(gate[i]);
    u += value * toFloat(up[i]);
  }
  g = warpSum(g);
  u = warpSum(u);
  if (lane == 0) h[(size_t)slot * shape.inter + j] = g / (1.f + expf(-g)) * u;
}

// Grid (T, ceil(hidden / 8)), block 256: one warp an output value.
template <typename T, typename W>
DEVICE void expertDown(const float* h, const int* ids, const float* weights, const W* down, T* y, ExpertShape shape) {
  const int lane = threadIdx.x & 31, row = blockIdx.y * 8 + (threadIdx.x >> 5), token = blockIdx.x;
  if (row >= shape.hidden) return;
  float sum = 0.f;
  for (int k = 0; k < shape.topK; ++k) {
    const int slot = token * shape.topK + k;
    if ((unsigned)ids[slot] >= (unsigned)shape.experts) continue;
    const W* weight = down + ((size_t)ids[slot] * shape.hidden + row) * shape.inter;
    const float* values = h + (size_t)slot * shape.inter;
    float dot = 0.f;
    for (int i = lane; i < shape.inter; i += 32) dot += values[i] * toFloat(weight[i]);
    sum += weights[slot] * warpSum(dot);
  }
  if (lane == 0) y[(size_t)token * shape.hidden + row] = fromFloat<T>(sum);
}

#define DEFINE(SUFFIX, T, W)                                                                                          \
  extern "C" __global__ void __launch_bounds__(256) portableExpertUp_##SUFFIX(                                         \
      const T* x, const int* ids, const W* gateUp, float* h, ExpertShape shape) {                                     \
    expertUp<T, W>(x, ids, gateUp, h, shape);                                                                         \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(256) portableExpertDown_##SUFFIX(                                       \
      const float* h, const int* ids, const float* weights, const W* down, T* y, ExpertShape shape) {                 \
    expertDown<T, W>(h, ids, weights, down, y, shape);                                                                \
  }
DEFINE(f32, float, float)
DEFINE(f16, __half, __half)
DEFINE(bf16, __nv_bfloat16, __half)

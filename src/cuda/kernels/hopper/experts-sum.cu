// The weighted sum over each token's experts, its addition to the residual stream, and the RMS norm behind that, in one kernel.
//
// rows     [T * choices, hidden] f16, from groupedDown, in units of kHiddenUnit
// ids, weights [T, choices], from a routing kernel; ids outside [0, experts) are skipped. choices <= 32
// residual, second [T, hidden]; second may be 0; weight [hidden]
// sum      [T, hidden], written: residual + the weighted sum + second, in float, rounded once
// normed   [T, hidden], written: the norm of `sum` as it was rounded, times weight, rounded once
#include "../portable/row-norm.cuh"
#include "experts-grouped.cuh"

constexpr int kColumns = 8;  // of a thread at a time; hidden is a multiple
constexpr int kMostThreads = 640;

// Grid T, a whole number of warps up to kMostThreads. Launched early behind a kernel that lets it go only after its own wait: all but rows is there then.
// AHEAD: experts whose results are on their way at once; IS_EAGER: the residual too, for registers.
template <int AHEAD, bool IS_EAGER, typename T>
DEVICE void sumExperts(const __half* __restrict__ rows, const int* ids, const float* weights, const T* residual, const T* second, const T* weight,
                       T* normed, T* sum, int choices, int hidden, int experts, float epsilon) {
  const int lane = threadIdx.x & 31, stride = blockDim.x * kColumns;
  const size_t token = blockIdx.x;
  letNextKernelStart();
  // Lane k's choice.
  const bool exists = lane < choices && (unsigned)__ldcg(ids + token * choices + lane) < (unsigned)experts;
  const float own = exists ? __ldcg(weights + token * choices + lane) * kHiddenUnit : 0.f;
  const unsigned exist = __ballot_sync(~0u, exists);
  waitForPreviousKernel();
  float value[kColumns], squares = 0.f;
  // All lanes take part to the end, since they hold each other's weights.
  for (int first = threadIdx.x / 32 * 32 * kColumns; first < hidden; first += stride) {
    const int column = first + lane * kColumns;
    const bool isColumn = column < hidden;
    float added[kColumns] = {};
    if (IS_EAGER && isColumn) load(residual + token * hidden + column, value);
    for (int k0 = 0; k0 < choices; k0 += AHEAD) {
      uint4 v[AHEAD];
#pragma unroll
      for (int j = 0; j < AHEAD; ++j) {
        const bool isThere = isColumn && k0 + j < choices && exist >> (k0 + j) & 1;
        v[j] = isThere ? __ldcg(reinterpret_cast<const uint4*>(rows + (token * choices + k0 + j) * hidden + column)) : make_uint4(0, 0, 0, 0);
      }
#pragma unroll
      for (int j = 0; j < AHEAD; ++j) {
        const float factor = __shfl_sync(~0u, own, (k0 + j) & 31);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const float2 both = Pair<__half>::unpack((&v[j].x)[i]);
          added[2 * i] += factor * both.x;
          added[2 * i + 1] += factor * both.y;
        }
      }
    }
    if (!isColumn) continue;
    if (!IS_EAGER) load(residual + token * hidden + column, value);
#pragma unroll
    for (int i = 0; i < kColumns; ++i) value[i] += added[i];
    if (second != nullptr) {
      load(second + token * hidden + column, added);
#pragma unroll
      for (int i = 0; i < kColumns; ++i) value[i] += added[i];
    }
    storeRounded(sum + token * hidden + column, value);
#pragma unroll
    for (int i = 0; i < kColumns; ++i) squares += value[i] * value[i];
  }
  const float scale = normScale(squares, hidden, epsilon);
  for (int column = threadIdx.x * kColumns; column < hidden; column += stride) {
    if (hidden > stride) load(sum + token * hidden + column, value);  // written by this thread; otherwise still held
    storeNormed(normed + token * hidden + column, value, weight + column, scale);
  }
}

// Few tokens: all results of a token at once. Many: blocks beside one another hide the way to memory, and for those a thread needs few registers.
#define DEFINE(SUFFIX, T)                                                                                             \
  extern "C" __global__ void __launch_bounds__(kMostThreads) sumExperts_##SUFFIX(                                     \
      const __half* rows, const int* ids, const float* weights, const T* residual, const T* second, const T* weight,  \
      T* normed, T* sum, int choices, int hidden, int experts, float epsilon) {                                       \
    sumExperts<8, true>(rows, ids, weights, residual, second, weight, normed, sum, choices, hidden, experts, epsilon);\
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(kMostThreads, 2) sumExpertsMany_##SUFFIX(                              \
      const __half* rows, const int* ids, const float* weights, const T* residual, const T* second, const T* weight,  \
      T* normed, T* sum, int choices, int hidden, int experts, float epsilon) {                                       \
    sumExperts<4, false>(rows, ids, weights, residual, second, weight, normed, sum, choices, hidden, experts, epsilon);\
  }
DEFINE(f16, __half)
DEFINE(bf16, __nv_bfloat16)

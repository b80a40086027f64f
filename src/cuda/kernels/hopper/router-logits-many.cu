// The router's product for many tokens on tensor cores: x [T, hidden] bf16 times weights [experts, hidden] float, in float32 but for the order of
// the sums. A product of two bf16 is exact in float32; so each weight is taken apart into three bf16 whose sum it is (8 bits of its
// mantissa each), and the three products are added up, the smallest first.
//
// logits [T, experts] float, written. hidden is a multiple of 64.
// Grid (ceil(T / 64), ceil(experts / 64)), block 256: a warp computes 16 tokens and 32 experts.
#include "primitives.cuh"

constexpr int kTokens = 64, kExperts = 64, kDepth = 64, kStages = 4;
constexpr int kTokenPitch = kDepth * 2 + 16;   // bytes; eight rows cover all banks
constexpr int kWeightPitch = kDepth * 4 + 32;  // likewise four rows, for accesses of 8 bytes
constexpr int kWeightsAt = kTokens * kTokenPitch;
constexpr int kStageBytes = kWeightsAt + kExperts * kWeightPitch;

DEVICE void copy16(uint32_t to, const void* from, bool isThere) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(isThere ? 16 : 0) : "memory");
}
DEVICE void commitCopies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int N> DEVICE void waitForCopies() { asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory"); }

// Two weights, whose parts are added to what is left of them: their bf16 nearest to it.
DEVICE uint32_t takeApart(float2& rest) {
  const __nv_bfloat162 part = __floats2bfloat162_rn(rest.x, rest.y);
  const float2 wide = __bfloat1622float2(part);
  rest.x -= wide.x;
  rest.y -= wide.y;
  return *reinterpret_cast<const uint32_t*>(&part);
}

extern "C" __global__ void __launch_bounds__(256, 2)
routerLogitsMany_bf16(const __nv_bfloat16* x, const float* weights, float* logits, int numTokens, int experts, int hidden) {
  extern __shared__ __align__(128) uint8_t shared[];
  const uint32_t base = sharedAddress(shared);
  const int tid = threadIdx.x, warp = tid >> 5, lane = tid & 31;
  const int firstToken = blockIdx.x * kTokens, firstExpert = blockIdx.y * kExperts;
  waitForPreviousKernel();
  letNextKernelStart();

  const auto copyStage = [&](int step) {
    if (step * kDepth < hidden) {
      const uint32_t to = base + step % kStages * kStageBytes;
      for (int i = tid; i < kTokens * 8; i += 256) {
        const int row = i >> 3, part = i & 7, token = firstToken + row;
        copy16(to + row * kTokenPitch + part * 16, x + (size_t)min(token, numTokens - 1) * hidden + step * kDepth + part * 8, token < numTokens);
      }
      for (int i = tid; i < kExperts * 16; i += 256) {
        const int row = i >> 4, part = i & 15, expert = firstExpert + row;
        copy16(to + kWeightsAt + row * kWeightPitch + part * 16, weights + (size_t)min(expert, experts - 1) * hidden + step * kDepth + part * 4,
               expert < experts);
      }
    }
    commitCopies();
  };
#pragma unroll
  for (int step = 0; step < kStages - 1; ++step) copyStage(step);

  const int tokenRow = warp % 4 * 16, expertRow = warp / 4 * 32;
  const int g = lane >> 2, t4 = lane & 3, r8 = lane & 7, quad = lane >> 3;
  float sum[4][4];
#pragma unroll
  for (int n = 0; n < 4; ++n) sum[n][0] = sum[n][1] = sum[n][2] = sum[n][3] = 0.f;
  for (int step = 0; step * kDepth < hidden; ++step) {
    waitForCopies<kStages - 2>();
    __syncthreads();
    copyStage(step + kStages - 1);
    const uint32_t stage = base + step % kStages * kStageBytes;
    const uint32_t tokensAt = stage + (tokenRow + (quad & 1) * 8 + r8) * kTokenPitch + (quad >> 1) * 16;
    // Tensor cores cut off what an addend has below the largest: a stretch has sums of its own, which are added up with rounding.
    float own[4][4];
#pragma unroll
    for (int n = 0; n < 4; ++n) own[n][0] = own[n][1] = own[n][2] = own[n][3] = 0.f;
    const uint32_t weightsAt = stage + kWeightsAt + (expertRow + g) * kWeightPitch + t4 * 8;
#pragma unroll
    for (int k = 0; k < kDepth / 16; ++k) {
      uint32_t a[4];
      loadMatrix4(a, tokensAt + k * 32);
#pragma unroll
      for (int n = 0; n < 4; ++n) {
        const uint32_t at = weightsAt + n * 8 * kWeightPitch + k * 64;
        const uint2 low = loadShared8(at), high = loadShared8(at + 32);
        float2 w0 = make_float2(__uint_as_float(low.x), __uint_as_float(low.y));
        float2 w1 = make_float2(__uint_as_float(high.x), __uint_as_float(high.y));
        const uint32_t first0 = takeApart(w0), first1 = takeApart(w1), second0 = takeApart(w0), second1 = takeApart(w1);
        const uint32_t third0 = takeApart(w0), third1 = takeApart(w1);
        multiplyAdd(__nv_bfloat16(), own[n], a[0], a[1], a[2], a[3], third0, third1);
        multiplyAdd(__nv_bfloat16(), own[n], a[0], a[1], a[2], a[3], second0, second1);
        multiplyAdd(__nv_bfloat16(), own[n], a[0], a[1], a[2], a[3], first0, first1);
      }
    }
#pragma unroll
    for (int n = 0; n < 4; ++n) {
#pragma unroll
      for (int i = 0; i < 4; ++i) sum[n][i] += own[n][i];
    }
  }
#pragma unroll
  for (int n = 0; n < 4; ++n) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int token = firstToken + tokenRow + g + i / 2 * 8, expert = firstExpert + expertRow + n * 8 + t4 * 2 + (i & 1);
      if (token < numTokens && expert < experts) logits[(size_t)token * experts + expert] = sum[n][i];
    }
  }
}
extern "C" __device__ const int routerLogitsMany_sharedBytes = kStages * kStageBytes;

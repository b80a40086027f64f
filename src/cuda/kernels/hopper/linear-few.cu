// A dense product for some tokens: y [T, width] = x [T, depth] times w [width, depth] transposed, T <= N. Summed in float,
// rounded once.
//
// linear.cu keeps the tokens in registers, which hold 16 at most; here both operands lie in shared memory (wgmma), weight rows as the M of the
// products and tokens as the N. At these sizes a product is still a stream of weights:
//  * One wave of blocks. A cluster of blocks has 64 weight rows, and each of its blocks an equal share of the depth.
//  * Launched programmatically a block asks for all its weights, or as many as fit, while the kernel ahead still computes x, and lets
//    the next kernel do the same: w must not be written by any kernel that this one might overtake. Everything else waits.
//  * The blocks of a cluster send each other their partial sums, counted by a barrier of whom they are for: a block gets all those of its share
//    of the results, adds them in the order of the depth, and writes 8 bytes a lane, 32 neighbouring ones a token.
// A token's result depends on that token, the sizes and the number of blocks in a cluster alone: the same bits whatever shares the batch, whichever
// N, and however many stages.
//
// width and depth: multiples of 8. Grid: cluster * ceil(width / 64) blocks in clusters of 1, 2, 4 or 8, none with more blocks than
// ceil(depth / 64); kThreads threads. Dynamic shared memory: linearFew_N_sharedBytes, 8192 a stage of weights, and 128 * N a stage of
// tokens; 2 to kMaxStages of each, since a step's stage is free only once the next step is under way.
#include "wgmma.cuh"

constexpr int kRows = 64, kDepth = 64;             // weight rows of a block; columns of a stage
constexpr int kRowBytes = 2 * kDepth, kWeightBytes = kRows * kRowBytes;
constexpr int kConsumers = 128, kThreads = kConsumers + 32;  // a warpgroup that multiplies, and a warp whose first lane copies
constexpr int kMaxStages = 24, kBarrierBytes = 640;
static_assert(3 * 8 * kMaxStages + 8 <= kBarrierBytes, "of each stage of weights one barrier, of each one of tokens two, and one more");
constexpr int kUnitBytes = 32 * 16;                // float sums of 16 rows and 8 tokens, as a warp holds them: four neighbours a lane

struct FewShape {
  int numTokens, width, depth, weightStages, tokenStages;
};

// Where a ring of stages, whose number the launch chooses, is at.
struct RingPlace {
  int stages, stage = 0;
  uint32_t phase = 0;
  __device__ __forceinline__ explicit RingPlace(int count) : stages(count) {}
  __device__ __forceinline__ void advance() {
    if (++stage == stages) {
      stage = 0;
      phase ^= 1;
    }
  }
};

// A lane's sums of 16 rows from `row` on and 8 tokens from `token` on: rows lane / 4 and 8 further down, tokens 2 * (lane % 4) and the next.
// Once transposed, even lanes put four of the upper rows together and odd ones four of the lower.
template <typename T> DEVICE void storeUnit(const float* v, T* y, int row, int token, int lane, const FewShape& shape) {
  const uint32_t upper = transposeMatrix(Pair<T>::pack(v[0], v[1])), lower = transposeMatrix(Pair<T>::pack(v[2], v[3]));
  const bool odd = lane & 1;
  const uint32_t other = __shfl_xor_sync(~0u, odd ? upper : lower, 1);
  token += lane >> 2;
  row += (odd ? 8 : 0) + (lane & 2) * 2;
  if (token < shape.numTokens && row < shape.width)
    *reinterpret_cast<uint2*>(y + (size_t)token * shape.width + row) = odd ? make_uint2(other, lower) : make_uint2(upper, other);
}

template <int N, typename T>
DEVICE void linearFew(const CUtensorMap* weights, const CUtensorMap* tokens, T* y, const FewShape& shape) {
  extern __shared__ __align__(1024) uint8_t shared[];
  constexpr int TOKEN_BYTES = N * kRowBytes;
  const int tid = threadIdx.x, warp = tid >> 5, lane = tid & 31;
  const int parts = clusterBlocks(), part = rankInCluster(), shift = 31 - __clz(parts), firstRow = (blockIdx.x >> shift) * kRows;
  const int allSteps = (shape.depth + kDepth - 1) / kDepth, firstStep = allSteps * part >> shift;
  const int steps = (allSteps * (part + 1) >> shift) - firstStep;
  // Units of 16 rows and 8 tokens, four for each 8 tokens; those with the same number modulo `parts` are one block's results.
  const int units = (shape.numTokens + 7) / 8 * 4, ownUnits = (units - part + parts - 1) >> shift;
  const uint32_t weightRing = sharedAddress(shared), tokenRing = weightRing + shape.weightStages * kWeightBytes;
  const uint32_t partials = tokenRing + shape.tokenStages * TOKEN_BYTES;  // what the blocks of the cluster send
  const uint32_t weightsFull = partials + N / 2 * kUnitBytes, tokensFull = weightsFull + 8 * kMaxStages;
  const uint32_t consumed = tokensFull + 8 * kMaxStages, received = consumed + 8 * kMaxStages;
  const auto askForWeights = [&](int step, int stage) {
    barrierExpect(weightsFull + 8 * stage, kWeightBytes);
    boxCopy(weightRing + stage * kWeightBytes, weights, (firstStep + step) * kDepth, firstRow, weightsFull + 8 * stage);
  };
  const auto askForTokens = [&](int step, int stage) {
    barrierExpect(tokensFull + 8 * stage, TOKEN_BYTES);
    boxCopy(tokenRing + stage * TOKEN_BYTES, tokens, (firstStep + step) * kDepth, 0, tokensFull + 8 * stage);
  };
  if (tid == kConsumers) {
    for (int i = 0; i < shape.weightStages; ++i) barrierInit(weightsFull + 8 * i, 1);
    barrierInitFence();
    for (int i = 0; i < min(shape.weightStages, steps); ++i) askForWeights(i, i);
    for (int i = 0; i < shape.tokenStages; ++i) {
      barrierInit(tokensFull + 8 * i, 1);
      barrierInit(consumed + 8 * i, kConsumers / 32);
    }
    barrierInit(received, 1);
    barrierInitFence();
    barrierExpect(received, parts * ownUnits * kUnitBytes);
    prefetchMap(tokens);
    letNextKernelStart();
  }
  __syncthreads();
  if (parts > 1) arriveAtCluster();
  waitForPreviousKernel();

  float sums[N / 2] = {};
  if (tid == kConsumers) {
    for (int i = 0; i < min(shape.tokenStages, steps); ++i) askForTokens(i, i);
    // A step that has been consumed leaves its stage in either ring to a later one.
    RingPlace read(shape.tokenStages), free(shape.weightStages);
    for (int step = 0; step + min(shape.tokenStages, shape.weightStages) < steps; ++step) {
      barrierWait(consumed + 8 * read.stage, read.phase);
      if (step + shape.tokenStages < steps) askForTokens(step + shape.tokenStages, read.stage);
      if (step + shape.weightStages < steps) askForWeights(step + shape.weightStages, free.stage);
      read.advance();
      free.advance();
    }
  } else if (warp < kConsumers / 32) {
    RingPlace w(shape.weightStages), x(shape.tokenStages);
    uint32_t previous = 0;
    for (int step = 0; step < steps; ++step) {
      const uint32_t a = operand(weightRing + w.stage * kWeightBytes, 16), b = operand(tokenRing + x.stage * TOKEN_BYTES, 16);
      barrierWait(weightsFull + 8 * w.stage, w.phase);
      barrierWait(tokensFull + 8 * x.stage, x.phase);
      productFence();
#pragma unroll
      for (int i = 0; i < kDepth / 16; ++i) productOfRows(T(), sums, a + 2 * i, b + 2 * i, 1);
      productCommit();
      productWait<1>();
      if (step > 0 && lane == 0) barrierArrive(previous);
      previous = consumed + 8 * x.stage;
      w.advance();
      x.advance();
    }
    productWait<0>();
    productKeep(sums);
  }
  __syncwarp();

  if (parts == 1) {
#pragma unroll
    for (int i = 0; i < N / 8; ++i)
      if (warp < 4 && 4 * i < units) storeUnit(sums + 4 * i, y, firstRow + warp * 16, 8 * i, lane, shape);
    return;
  }
  const auto placeOf = [&](int from, int index) { return partials + ((from * (N / 2) >> shift) + index) * kUnitBytes + lane * 16; };
  waitForCluster();  // all its blocks have begun, so that there is shared memory to write to
  if (warp < 4) {
#pragma unroll
    for (int i = 0; i < N / 8; ++i) {
      const int unit = 4 * i + warp, to = unit & (parts - 1);
      if (unit < units) sendShared16(addressIn(to, placeOf(part, unit >> shift)), sums + 4 * i, addressIn(to, received));
    }
  }
  if (ownUnits > 0) barrierWaitCluster(received, 0);
  for (int index = warp; index < ownUnits; index += kThreads / 32) {
    const int unit = (index << shift) + part;
    float total[4] = {};
#pragma unroll 1
    for (int from = 0; from < parts; from += 2) {
      const uint4 both[2] = {loadShared16(placeOf(from, index)), loadShared16(placeOf(from + 1, index))};
#pragma unroll
      for (int j = 0; j < 8; ++j) total[j % 4] += __uint_as_float((&both[j / 4].x)[j % 4]);
    }
    storeUnit(total, y, firstRow + unit % 4 * 16, unit / 4 * 8, lane, shape);
  }
}

#define DEFINE(N, SUFFIX, T)                                                                                          \
  extern "C" __global__ void __launch_bounds__(kThreads, 1) linearFew_##N##_##SUFFIX(                                  \
      const __grid_constant__ CUtensorMap weights, const __grid_constant__ CUtensorMap tokens, T* y, FewShape shape) { \
    linearFew<N>(&weights, &tokens, y, shape);                                                                        \
  }
#define DEFINE_TOKENS(N)                                                                        \
  DEFINE(N, f16, __half)                                                                        \
  DEFINE(N, bf16, __nv_bfloat16)                                                                \
  extern "C" __device__ const int linearFew_##N##_sharedBytes = N / 2 * kUnitBytes + kBarrierBytes;
DEFINE_TOKENS(16)
DEFINE_TOKENS(32)

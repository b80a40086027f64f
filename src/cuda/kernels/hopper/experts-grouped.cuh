// What the grouped products with f16 and with int8 weights share: units, sizes, and the way of results to memory.
#pragma once
#include "wgmma.cuh"

// f16 holds less than some activations of DeepSeek-V2 reach.
constexpr float kHiddenUnit = 16.f;

// The nearest finite f16; NaN stays NaN.
DEVICE float inHalfRange(float x) { return fabsf(x) > 65504.f ? copysignf(65504.f, x) : x; }

struct GroupedShape {
  int depth;      // columns of the weights
  int rowTiles;   // of one expert
  int outWidth;   // columns of the output: inter (up) or hidden (down)
  int maxItems;
  int isReadOnce; // the weights: few items have the same ones
};

// An item of the groups: (expert, first slot, slots, 0). Past L1, which belongs to no kernel that is still running.
DEVICE int4 itemOf(const int* groups, int item) { return __ldcg(reinterpret_cast<const int4*>(groups + 4) + item); }

// A block's part of copying its tiles, by one thread. Launched early: the first tile's weights, which no kernel writes, are asked for while the kernel
// ahead still runs. Of the tokens only as many boxes are copied as hold any.
// S: a Tile; COLUMNS: of a stage; steps: stages of a tile; copyBox(to, column, slot, barrier)
template <class S, int COLUMNS, class ItemOfTile, class CopyBox>
DEVICE void copyTiles(const CUtensorMap* weights, int tiles, int steps, uint32_t base, uint32_t full, uint32_t empty, const GroupedShape& shape,
                      const ItemOfTile& itemOfTile, const CopyBox& copyBox) {
  int4 item = make_int4(0, 0, 0, 0);
  int boxes = 0, ahead = 0, stage = 0;
  uint32_t phase = 0;
  const uint64_t policy = readOnce();
  const auto take = [&](int tile) {
    item = itemOfTile(tile);
    boxes = (item.z + S::BOX - 1) / S::BOX;
  };
  const auto askForWeights = [&](int tile, int k, int stage) {
    const int weightRow = (item.x * shape.rowTiles + tile % shape.rowTiles) * S::WEIGHT_ROWS;
    barrierExpect(full + 8 * stage, S::WEIGHT_BYTES + boxes * S::BOX_BYTES);
    const uint32_t to = base + stage * S::STAGE;
    // Not one copy with either policy: to ask for the ordinary one makes it slow.
    if (shape.isReadOnce) boxCopyOnce(to, weights, k * COLUMNS, weightRow, full + 8 * stage, policy);
    else boxCopy(to, weights, k * COLUMNS, weightRow, full + 8 * stage);
  };
  if (blockIdx.x < tiles) {
    take(blockIdx.x);
    for (; ahead < min(steps, S::STAGES); ++ahead) askForWeights(blockIdx.x, ahead, ahead);
  }
  waitForPreviousKernel();
  letNextKernelStart();  // after the wait: the groups that it reads early are then complete
  for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    take(tile);
    for (int k = 0; k < steps; ++k) {
      if (ahead > 0) {
        --ahead;
      } else {
        barrierWait(empty + 8 * stage, phase ^ 1);
        askForWeights(tile, k, stage);
      }
      const uint32_t to = base + stage * S::STAGE + S::WEIGHT_BYTES;
      for (int box = 0; box < boxes; ++box) copyBox(to + box * S::BOX_PITCH, k * COLUMNS, item.y + box * S::BOX, full + 8 * stage);
      advanceStage<S::STAGES>(stage, phase);
    }
  }
}

// A number of slots that is known when the kernel is compiled.
template <int N> struct Slots {
  static constexpr int value = N;
};
// body(Slots<n>) for n = N / 1, 2, 4, ..., at least LEAST, as small as an item of so many slots allows: what is not multiplied costs no time and no power.
template <int N, int LEAST, class Body> DEVICE void forSlots(int slots, const Body& body) {
  if constexpr (N > LEAST) {
    if (slots <= N / 2) return forSlots<N / 2, LEAST>(slots, body);
  }
  body(Slots<N>());
}

// silu(gate) * up of neighbouring rows. Lanes four apart hold gate and up of the same columns: each of the two makes one column's value.
// Then lanes eight apart put neighbouring values together, one of rows 0 to 7, the other of rows 8 to 15.
DEVICE void storeHidden(const float* v, int lane, __half* column0, size_t stride, int slots, int firstSlot) {
  const int q = lane >> 2, isUp = q & 1, isHigh = (q >> 1) & 1;
  const auto value = [&](float left, float right) {
    const float other = __shfl_xor_sync(~0u, isUp ? left : right, 4);
    const float gate = isUp ? other : left, up = isUp ? right : other;
    return inHalfRange(__fdividef(gate, 1.f + __expf(-gate)) * up * (1.f / kHiddenUnit));
  };
  const float low = value(v[0], v[1]), high = value(v[2], v[3]);
  const float other = __shfl_xor_sync(~0u, isHigh ? low : high, 8);
  const uint32_t packed = isHigh ? Pair<__half>::pack(other, high) : Pair<__half>::pack(low, other);
  const int slot = firstSlot + (lane & 3) * 2 + isUp, j = isHigh ? 4 + (q >> 1) - 1 : q >> 1;
  if (slot < slots) *reinterpret_cast<uint32_t*>(column0 + slot * stride + j) = packed;
}

// The pairs of every eighth slot of a tile from lane / 4 on; -1: there is none. Asked for ahead of the products: between the stores, which may be to the
// same memory for all that the compiler knows, each would be waited for.
template <bool UP, int N> struct PairsOfLane {
  int pair[N / 8];
  __device__ __forceinline__ PairsOfLane(const int* groups, int4 item, int lane, GroupedShape shape) {
    const int* pairOfSlot = groups + 4 + 4 * shape.maxItems + item.y;
#pragma unroll
    for (int i = 0; i < N / 8; ++i) {
      const int slot = 8 * i + (lane >> 2);
      pair[i] = !UP && slot < item.z ? pairOfSlot[slot] : -1;
    }
  }
};

// Four results of a thread (rows `row` + lane / 4 and 8 further down, slots `firstSlot` + 2 * (lane % 4) and the next) go where they belong: up, as
// values of h in the order of the slots; down, in the order of the pairs. item: (expert, first slot, slots, 0)
// pair: of the slot firstSlot + lane / 4, from PairsOfLane.
template <bool UP>
DEVICE void storeTile(const float* v, int lane, __half* __restrict__ out, int pair, int4 item, int firstSlot, int row, GroupedShape shape) {
  if (UP) {
    storeHidden(v, lane, out + (size_t)item.y * shape.outWidth + row / 2, shape.outWidth, item.z, firstSlot);
    return;
  }
  const uint32_t top = transposeMatrix(Pair<__half>::pack(inHalfRange(v[0]), inHalfRange(v[1])));
  const uint32_t bottom = transposeMatrix(Pair<__half>::pack(inHalfRange(v[2]), inHalfRange(v[3])));
  if (pair < 0) return;
  __half* to = out + (size_t)pair * shape.outWidth + row + (lane & 3) * 2;
  *reinterpret_cast<uint32_t*>(to) = top;
  *reinterpret_cast<uint32_t*>(to + 8) = bottom;
}

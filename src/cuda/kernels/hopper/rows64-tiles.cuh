// Shared memory of attention-rows64.cu, and how tiles of keys come to it: by one thread and the copy engine, or, where latents are of 8 bits, by a
// warpgroup that turns them into values of T.
#pragma once
#include "attention.cuh"
#include "code-tiles.cuh"

constexpr int kQueryAt = 0;                            // tile [64 rows, 576]
constexpr int kKeysAt = kTileBytes;                    // two tiles [64 tokens, 576]
constexpr int kWeightsAt = 3 * kTileBytes;             // [64][64] T
constexpr int kFactorsAt = kWeightsAt + kBoxBytes;     // [64] float
constexpr int kBarriersAt = kFactorsAt + 256;          // full[2][3] (192 columns each), leftFree[2], rightFree[2], weightsReady, weightsFree, queryReady, bytes[2]
constexpr int kRows64Shared = kBarriersAt + 128;
constexpr int kScalesAt = kRows64Shared;               // [64][4] float
constexpr int kRows64CodesShared = kScalesAt + kTile * 16;
static_assert(kRows64CodesShared <= kSharedLimit, "shared memory");

// Where tiles of keys come from.
struct PlainPages {
  static constexpr int kPublishers = 1, kCopyRegisters = 40, kProductRegisters = 232;
  const CUtensorMap* map;
};
template <typename Code> struct CodedPages {
  static constexpr int kPublishers = 128, kCopyRegisters = 72, kProductRegisters = 216;
  const CUtensorMap* map;  // of the rows as 328 values of T
  const uint8_t* pool;
};

struct Work {
  int sequence, token;       // the sequence's first token in the step
  int row, rows;             // first row within the sequence; valid rows, 1 to 64
  int length, before;        // before: cached tokens ahead of the new ones
  int firstTile, tiles;
  size_t partial;            // first row of the partial result
  bool isWhole;
};

// Barriers and place of the two tiles; a third of a tile has arrived once `full` of it is complete. leftFree: of boxes 0 to 3; rightFree: of the others.
struct Stages {
  uint32_t keys, full, leftFree, rightFree, bytes;
};

// Every tile of the walk, the number of its page read a tile ahead: copyTile(page, nextPage, stage, phase); nextPage: of the tile behind it, -1 where
// another sequence follows.
template <typename Walk, typename CopyTile>
DEVICE void forEachTile(Walk& walk, const int* blockTable, int maxBlocks, const CopyTile& copyTile) {
  Work work;
  int stage = 0;
  uint32_t phase = 0;
  while (walk.next(work)) {
    const int* table = blockTable + (size_t)work.sequence * maxBlocks + work.firstTile;
    int page = work.length > 0 ? table[0] : 0;
    for (int j = 0; j < work.tiles; ++j) {
      const int after = j + 1 < work.tiles ? table[j + 1] : -1;
      copyTile(page, after, stage, phase);
      page = after;
      stage ^= 1;
      phase ^= stage == 0;
    }
  }
}

template <typename T, typename Walk>
DEVICE void copyTiles(const PlainPages& pages, Walk& walk, Stages stages, const int* blockTable, int maxBlocks, int thread, uint8_t*) {
  if (thread != 0) return;
  forEachTile(walk, blockTable, maxBlocks, [&](int page, int, int stage, uint32_t phase) {
    barrierWait(stages.leftFree + 8 * stage, phase ^ 1);
    barrierWait(stages.rightFree + 8 * stage, phase ^ 1);
#pragma unroll 1
    for (int i = 0; i < kBoxes; ++i) {
      const uint32_t bar = stages.full + 24 * stage + i / 3 * 8;
      if (i % 3 == 0) barrierExpect(bar, 3 * kBoxBytes);
      boxCopy(stages.keys + stage * kTileBytes + i * kBoxBytes, pages.map, i * 64, page * kTile, bar);
    }
  });
}

// The bytes of a tile come to its right half as soon as that is free, be it in the middle of the tile before.
template <typename T, typename Code, typename Walk>
DEVICE void copyTiles(const CodedPages<Code>& pages, Walk& walk, Stages stages, const int* blockTable, int maxBlocks, int thread,
                      uint8_t* shared) {
  using Tile = CodedTile<T, Code>;
  const Tile mine(thread);
  float* scales = reinterpret_cast<float*>(shared + kScalesAt);
  const auto scalesOf = [&](int page) {
    return *reinterpret_cast<const float4*>(pages.pool + (size_t)(page * kTile + thread) * kCodedRow + kCodedScalesAt);
  };
  const auto request = [&](int page, int stage) {  // by one thread
    const uint32_t tile = stages.keys + stage * kTileBytes, bytes = stages.bytes + 8 * stage;
    barrierExpect(bytes, 5 * kBoxBytes);
#pragma unroll 1
    for (int i = 0; i < 4; ++i) boxCopy(tile + (4 + i) * kBoxBytes, pages.map, i * 64, page * kTile, bytes);
    boxCopy(tile + 8 * kBoxBytes, pages.map, kCodedRopeAt / 2, page * kTile, bytes);
  };
  bool isRequested = false, hasScales = false;
  float4 rowScales;
  forEachTile(walk, blockTable, maxBlocks, [&](int page, int nextPage, int stage, uint32_t phase) {
    const uint32_t tile = stages.keys + stage * kTileBytes, full = stages.full + 24 * stage;
    if (thread < kTile && !hasScales) rowScales = scalesOf(page);
    if (thread == 0) {
      if (!isRequested) {
        barrierWait(stages.rightFree + 8 * stage, phase ^ 1);
        request(page, stage);
      }
      if (Walk::kReadsOnce && nextPage >= 0) bulkPrefetch(pages.pool + (size_t)nextPage * kCodedTileBytes, kCodedTileBytes);
    }
    if (thread < kTile) {
      reinterpret_cast<float4*>(scales)[thread] = rowScales;
      if (nextPage >= 0) rowScales = scalesOf(nextPage);
    }
    hasScales = nextPage >= 0;
    isRequested = false;
    const uint32_t nextRight = stages.rightFree + 8 * (stage ^ 1), nextPhase = phase ^ (stage == 1);
    namedBarrier(4, 128);
    barrierWait(stages.bytes + 8 * stage, phase);
    barrierWait(stages.leftFree + 8 * stage, phase ^ 1);
    typename Tile::Bytes ahead = mine.load(tile, scales, 0);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const typename Tile::Bytes box = ahead;
      if (i < 3) ahead = mine.load(tile, scales, i + 1);
      if (i == 2) namedBarrier(4, 128);  // everybody has read all of it, what the values overwrite and the scales
      mine.store(box, tile, i);
      if (i >= 1) {
        asyncProxyFence();
        barrierArrive(full + 8 * (i - 1));
      }
      if (thread == 0 && !isRequested && nextPage >= 0 && barrierTest(nextRight, nextPhase ^ 1)) {
        request(nextPage, stage ^ 1);
        isRequested = true;
      }
    }
  });
}

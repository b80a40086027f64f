// Full-vocabulary sampling: logits [B, V] float -> one token id a row, raw log-probabilities on request. One launch.
// A row is held by a cluster of C blocks, its logits in their shared memory (read from device memory once); every later pass runs there.
// With C = 1 it runs on any GPU from Ampere on, with GLOBAL the logits lie in a workspace instead (any V).
// All sums have a fixed order or are integers, and nothing looks at B or at other rows: a row's result is the same bits in any batch,
// and for every C > 1.
//
// Order: penalties, bias (the other way round with biasFirst, as vLLM does), grammar mask, temperature, min_p, top_k, top_p, draw.
// The kept set is what a stable descending sort gives (of equal logits the lower id first); a token with less than 2^-46 of the top one's weight
// counts as weightless. The draw inverts the cumulative weight in the order of ids, by Philox4x32-10(seed, step), 53 bits, as on the CPU.
//
// Grid B * C, T threads, dynamic shared memory sizeof(Shared) (the module's <name>_sharedBytes) + (GLOBAL ? 0 : chunk * 4) bytes;
// seg = 4 * ceil(V / (C * warps * 4)), chunk = seg * warps. V at most 262,144.
#pragma once
#include "sampler.cuh"

template <int C, int T, bool GLOBAL> DEVICE void sampleRow(const SamplerArgs& a) {
  constexpr int W = T / 32, BINS = 512, LOG = 9, J = C * W >= 32 ? 4 : 16, N = C * W * J;
  static_assert(C * W <= 64 && T >= kGather && N <= kGather && N >= kSmallK && C * J <= 32, "");
  extern __shared__ __align__(16) unsigned char smem[];
  typedef Shared<C, T, BINS> S;
  S& s = *reinterpret_cast<S*>(smem);
  const int tid = threadIdx.x, lane = tid & 31, warp = tid >> 5, rank = C == 1 ? 0 : blockIdx.x % C, row = blockIdx.x / C, me = rank * W + warp;
  const bool leader = rank == 0;
  if (tid == 0) s.candidates = s.topCandidates = 0;
  clusterArrive<C>();  // waited for before the first remote access: by then all CTAs of the cluster run

  // ---- load: issued first, in four groups; each thread reads back first what it copied itself ----
  const int V = a.V, begin = rank * a.chunk, n = max(0, min(a.chunk, V - begin)), valid = min(a.validTokens[row], V);
  const float* raw = a.logits + (size_t)row * V;
  float* z = GLOBAL ? a.workspace + (size_t)row * a.chunk : reinterpret_cast<float*>(smem + sizeof(S));
  const int segBegin = warp * a.seg, segEnd = segBegin + a.seg, steps = ((a.seg + 127) / 128 + 3) / 4;
  const int top = min(a.topLogprobs[row], kMaxTop);
  auto fail = [&](int code) {  // by the leader
    if (tid == 0) { a.token[row] = code; a.logprob[row] = __int_as_float(0x7fffffff); a.rank[row] = 0; }
    if (tid < top) { a.topToken[(size_t)row * a.topStride + tid] = -1; a.topLogprob[(size_t)row * a.topStride + tid] = -kInf; }
  };
  const bool wide = (V & 3) == 0 && (reinterpret_cast<uintptr_t>(a.logits) & 15) == 0;  // rows start on 16 bytes
  {
    const float* src = raw + begin;
#pragma unroll 1
    for (int g = 0; g < 4; ++g) {
      if (g == 1 && valid <= 0) {  // unused row of a fixed-size graph: no more is read
        if (!GLOBAL) copyWait(0);
        clusterWait<C>();
        if (leader) fail(-2);
        return;
      }
      const int from = segBegin + g * steps * 128, to = min(segEnd, from + steps * 128);
#pragma unroll 1
      for (int i = from + lane * 4; i < to; i += 128) {
        if (wide && i < n) {
          if (GLOBAL) *reinterpret_cast<float4*>(z + i) = __ldg(reinterpret_cast<const float4*>(src + i));
          else copyAsync16(z + i, src + i);
        } else
#pragma unroll 1
          for (int q = i; q < i + 4; ++q)
            if (GLOBAL || q >= n) z[q] = q < n ? __ldg(src + q) : -kInf;
            else copyAsync4(z + q, src + q);
      }
      if (!GLOBAL) asm volatile("cp.async.commit_group;" ::: "memory");
    }
  }
  // ---- the row's parameters, while the copies fly ----
  const float temperature = a.temperature[row], minP = a.minP[row], p = a.topP[row];
  const int nv = max(0, min(n, valid - begin)), kAsked = a.topK[row], k = kAsked >= valid ? 0 : max(kAsked, 0);
  const bool greedy = !(temperature > 0.f) || k == 1, useP = p < 1.f;
  const float invT = greedy ? 1.f : fminf(fmaxf(1.f / temperature, 1e-30f), 1e38f), slope = -invT * kLog2e;  // clamped: 0 * invT and inf * invT stay numbers
  const float dMax = minP > 0.f ? fmaxf(-logf(minP), 0.f) : kInf;  // min_p: p >= min_p * max p  <=>  distance to the maximum <= dMax
  const bool plain = !greedy && !k && !useP && !(minP > 0.f), small = !greedy && k && k <= kSmallK, sums = !greedy && !small;
  const int histBegin = a.histStart[row], histEnd = a.histStart[row + 1], biasBegin = a.biasStart[row], biasEnd = a.biasStart[row + 1], maskRow = a.maskRow[row];
  const float repetition = a.repetition[row], presence = a.presence[row], frequency = a.frequency[row];
  const bool penalties = histEnd > histBegin && (repetition != 1.f || presence != 0.f || frequency != 0.f);
  const bool edited = penalties || biasEnd > biasBegin || maskRow >= 0, fused = sums && !edited && nv == n;
  const u64 random = philox(a.seed[row], a.step[row]);

  auto prefetch = [&](const void* p, int entries) { if (tid * 32 < entries) asm volatile("prefetch.global.L2 [%0];" ::"l"(reinterpret_cast<const int*>(p) + tid * 32)); };
  if (penalties) { prefetch(a.histToken + histBegin, histEnd - histBegin); prefetch(a.histCount + histBegin, histEnd - histBegin); }
  if (biasEnd > biasBegin) { prefetch(a.biasToken + biasBegin, biasEnd - biasBegin); prefetch(a.biasValue + biasBegin, biasEnd - biasBegin); }
  if (maskRow >= 0) prefetch(a.mask + (size_t)maskRow * ((V + 31) >> 5) + (begin >> 5), (n + 31) >> 5);

  // ---- raw maximum and sum over all V while the data arrives; unedited rows' weights at their temperature in the same pass ----
  float m = kNone, part = 0.f, seg = 0.f;
#pragma unroll 1
  for (int g = 0; g < 4; ++g) {
    if (!GLOBAL) copyWait(3 - g);
    const int from = segBegin + g * steps * 128 + lane * 4, to = min(segEnd, segBegin + (g + 1) * steps * 128);
#pragma unroll 1
    for (int i = from; i < to; i += 256) {  // eight elements at a time: their maximum first, then independent exponentials
      const float4 v = *reinterpret_cast<const float4*>(z + i), u = i + 128 < to ? *reinterpret_cast<const float4*>(z + i + 128) : make_float4(-kInf, -kInf, -kInf, -kInf);
      const float high = fmaxf(m, fmaxf(max4(v), max4(u)));
      auto rawWeight = [&](float x) { return exp2Fast((x - high) * kLog2e); };  // NaN or +inf anywhere makes the sum NaN
      auto weight = [&](float x) { return exp2Fast((high - x) * slope); };
      part = part * rawWeight(m) + (sum4(v, rawWeight) + sum4(u, rawWeight));
      if (fused) seg = seg * weight(m) + (sum4(v, weight) + sum4(u, weight));
      m = high;
    }
  }
  float4 mine;  // this warp's part
  mine.x = warpMax(m);
  mine.y = warpSum(part * exp2Fast((m - mine.x) * kLog2e));
  auto threadMax = [&]() {
    float best = kNone;
    sweep(z, segBegin, segEnd, lane, [&](int, float4 v) { best = fmaxf(best, max4(v)); });
    return best;
  };
  if (nv < n) {  // padding leaves
    __syncthreads();
    for (int i = nv + tid; i < n; i += T) z[i] = -kInf;
    __syncthreads();
    m = threadMax();
  }
  const float rawTop = top > 0 ? warpTop<J>(m, lane) : 0.f;

  // ---- edits ----
  if (edited) {
    __syncthreads();
    auto penalize = [&]() {
#pragma unroll 2
      for (int j = histBegin + tid; j < histEnd; j += T) {
        const int t = a.histToken[j] - begin, count = a.histCount[j] >> 1;
        if ((unsigned)t >= (unsigned)nv) continue;
        float x = z[t];
        x = x > 0.f ? __fdiv_rn(x, repetition) : __fmul_rn(x, repetition);
        x = __fsub_rn(x, __fmul_rn(frequency, (float)count));  // unfused, as vLLM's tensor operations round
        if (count) x = __fsub_rn(x, presence);
        z[t] = x == x ? x : kInf;                              // NaN from an edit: reported like NaN in the row
      }
    };
    if (penalties && !a.biasFirst) { penalize(); __syncthreads(); }
    for (int j = biasBegin + tid; j < biasEnd; j += T) {
      const int t = a.biasToken[j] - begin;
      if ((unsigned)t < (unsigned)nv) { const float x = z[t] + a.biasValue[j]; z[t] = x == x ? x : kInf; }
    }
    __syncthreads();
    if (penalties && a.biasFirst) { penalize(); __syncthreads(); }
    if (maskRow >= 0) {
      const uint32_t* bits = a.mask + (size_t)maskRow * ((V + 31) >> 5);
      m = kNone;
#pragma unroll 4
      for (int i = segBegin + lane * 4; i < segEnd; i += 128) {
        const uint32_t b = i < n ? __ldg(bits + ((begin + i) >> 5)) >> ((begin + i) & 31) : 15u;
        float4 v = *reinterpret_cast<float4*>(z + i);
        if (!(b & 1)) v.x = -kInf;
        if (!(b & 2)) v.y = -kInf;
        if (!(b & 4)) v.z = -kInf;
        if (!(b & 8)) v.w = -kInf;
        m = fmaxf(m, max4(v));
        *reinterpret_cast<float4*>(z + i) = v;
      }
    } else
      m = threadMax();
  }
  mine.z = edited || nv < n ? warpMax(m) : mine.x;
  if (sums && !fused) sweep(z, segBegin, segEnd, lane, [&](int, float4 v) { seg += sum4(v, [&](float x) { return exp2Fast((mine.z - x) * slope); }); });
  else if (fused) seg *= exp2Fast((mine.z - m) * slope);
  mine.w = sums ? warpSum(seg) : 0.f;
  // ---- first exchange: every CTA learns every warp's part ----
  clusterWait<C>();
  if (lane < C) peer<C>(s.part, lane)[me] = mine;
  if (small) { const float v = __shfl_sync(~0u, warpTop<J>(m, lane), lane % J); if (lane / J < C) peer<C>(s.maxima[0], lane / J)[me * J + lane % J] = v; }
  if (top > 0) { const float v = __shfl_sync(~0u, rawTop, lane % J); if (lane / J < C) peer<C>(s.maxima[1], lane / J)[me * J + lane % J] = v; }
  clusterSync<C>();
  float4 q[2];
#pragma unroll
  for (int j = 0; j < 2; ++j) q[j] = lane * 2 + j < C * W ? s.part[lane * 2 + j] : make_float4(kNone, 0.f, kNone, 0.f);
  const float M = warpMax(fmaxf(q[0].x, q[1].x)), zMax = warpMax(fmaxf(q[0].z, q[1].z));
  const float total = warpSum(q[0].y * exp2Fast((q[0].x - M) * kLog2e) + q[1].y * exp2Fast((q[1].x - M) * kLog2e));
  const bool bad = !(total < kInf) || zMax == kInf;
  if (bad || zMax == kNone) {
    if (leader) fail(bad ? -1 : -2);
    return;
  }
  const float rawBound = top > 0 ? kthBound<N>(s.maxima[1], top, lane) : 0.f;
  int chosen = -1;     // set in one thread of the cluster
  float chosenX = 0.f; // its logit after edits
  auto note = [&](float tz, int ti, int way, int levels) {
    if (a.debug) { int* d = a.debug + (size_t)row * 4; d[0] = __float_as_int(tz); d[1] = ti; d[2] = way; d[3] = levels; }
  };
  auto distance = [&](float x) { return __fmul_rn(__fsub_rn(zMax, x), invT); };  // to the maximum, in natural units; a token's weight is exp(-distance)
  auto push = [&](unsigned* counter, float x, int i) { const unsigned at = atomicAdd(peer<C>(counter, 0), 1u); if (at < kGather) peer<C>(s.cand, 0)[at] = comp(x, begin + i); };
  // The leader cuts and draws among m candidates that contain all that stay: the kBest largest, of them the smallest set that reaches p of Z (0: of their own mass).
  // Integer weights: exact, so the candidates' order does not matter. The draw inverts the cumulative weight in index order.
  auto finish = [&](int m, int kBest, double Z) {
    u64 c = 0, w = 0, before = 0;
    if (tid < m) {
      c = s.cand[tid];
      const float d = distance(compLogit(c));
      w = d <= dMax ? (u64)(exp2Fast(d * -kLog2e) * 0x1p46f) : 0;
      s.weight[tid] = w;
    }
    __syncthreads();
    int r = 0;
    if (tid < m)
#pragma unroll 2
      for (int j = 0; j < m; ++j) if (s.cand[j] > c) before += s.weight[j], ++r;
    bool in = w && (!kBest || r < kBest);
    if (useP) {
      const double whole = Z > 0. ? Z * 0x1p46 : (double)blockSum<W>(in ? w : 0, s.red[0], lane, warp);
      in = in && before < max((u64)ceil((double)p * whole), 1ull);
    }
    const u64 target = __umul64hi(random, blockSum<W>(in ? w : 0, s.red[0], lane, warp));
    if (tid < m) s.weight[tid] = in ? w : 0;
    const int stay = __syncthreads_count(in);
    if (in) {
      u64 pre = 0;
#pragma unroll 4
      for (int j = 0; j < m; ++j) if ((uint32_t)s.cand[j] > (uint32_t)c) pre += s.weight[j];  // lower words are complements: lower index
      if (pre <= target && target < pre + w) chosen = compIndex(c), chosenX = compLogit(c);
      if (r == stay - 1) note(compLogit(c), compIndex(c), 1, 0);
    }
  };

  float tz = -kInf;  // kept: above tz, or equal to it and not behind index ti
  int ti = 0x7fffffff, levels = 0;
  bool done = false;

  if (greedy) {
    const unsigned hit = __ballot_sync(~0u, q[0].z == zMax || q[1].z == zMax);  // segments lie in index order: the first one has the lowest index
    const int owner = __shfl_sync(~0u, lane * 2 + (q[0].z != zMax), __ffs(hit) - 1);
    if (owner == me) {
      unsigned at = ~0u;
      scan(z, segBegin, segEnd, lane, zMax, zMax, [&](int i, float) { at = min(at, (unsigned)i); });
      at = __reduce_min_sync(~0u, at);
      if (lane == 0) { chosen = begin + at; chosenX = zMax; note(zMax, begin + at, 0, 0); }
    }
    done = true;
  }
  double Zall = 0;
  if (sums) Zall = warpSum((double)q[0].w * exp2Fast((zMax - q[0].z) * slope) + (double)q[1].w * exp2Fast((zMax - q[1].z) * slope));
#pragma unroll 1
  for (int attempt = small ? 0 : 1; attempt < 2 && !done && !plain; ++attempt) {
    int kBest = k;
    double Z = 0;
    bool listed = false;
    if (attempt == 0) {
      // ---- small top_k: what lies above the bound goes to the leader ----
      const float bound = fmaxf(kthBound<N>(s.maxima[0], k, lane), -3.402823e38f);
      if (m >= bound) scan(z, segBegin, segEnd, lane, bound, kInf, [&](int i, float x) { if (distance(x) <= dMax) push(&s.candidates, x, i); });
      listed = true;
    } else {
      // ---- thresholds by histogram over the distance to the maximum; first top_k's, then top_p's among what top_k and min_p keep ----
      // Without top_k and min_p the mass is known, and what lies further than `far` weighs less than (1 - p) of it even if it were all tokens: not looked at.
      const bool known = !k && !(minP > 0.f);
      const float far = known ? fmaxf(logf((float)valid / ((1.f - p) * (float)Zall * 0.999f)), 0.1f) : kInf;
      const float dCut = fminf(fminf(dMax, far), 31.999998f);
      // Bins a natural unit: a power of two, so that the range fits the bins and scaling is exact. yBits: a bin's sum must fit 32 bits even if it holds
      // a whole chunk; from V, not the chunk, so that c2 and c8 agree to the bit.
      const int logNat = LOG - max(0, ilogbf(fmaxf(dCut, 0.5f)) + 1), yBits = min(22, __clz((C > 1 ? V / 2 + 4 * 64 : a.chunk) - 1) + logNat);
      const float perNat = (float)(1 << logNat), natBin = 1.f / perNat;
      const float yScale = (float)(1u << yBits);
      // A weight is exp(-bin / perNat) * (1 - y), y = 1 - exp(-rest) kept as an integer: a bin's sum does not depend on the order.
      auto shortfall = [&](float d, int bin) {
        const float r = __fmaf_rn((float)bin, -natBin, d);
        return __float2uint_rn(__fmul_rn(__fmul_rn(r, __fmaf_rn(-r, __fmaf_rn(-r, __fmaf_rn(-r, 1.f / 24, 1.f / 6), 0.5f), 1.f)), yScale));
      };
      const int idxBits = 32 - __clz(V - 1);
      auto kept = [&](float x, int i) { return x > tz || (x == tz && begin + i <= ti); };
#pragma unroll 1
      for (int phase = 0; phase < 2 && !listed; ++phase) {
        const bool mass = phase == 1;
        if (mass ? !useP : !k) continue;
        int bin = -1, shift = 64;   // in play: this bin, and of it (shift < 64) the elements whose place in the sort order starts with prefix
        u64 prefix = 0, rem = 0;
        uint32_t keyMax = 0;
        float scale = perNat, nearX = kInf, farX = -kInf;  // bin = (int)(distance * scale); nearX, farX: its logits lie between, roughly
        auto place = [&](float x, int i) { return (u64)(keyMax - orderedKey(x)) << idxBits | (unsigned)(begin + i); };
        auto forPlay = [&](auto f) {  // every element in play
          scan(z, segBegin, segEnd, lane, farX, nearX, [&](int i, float x) {
            const float d = distance(x);
            if (d <= dCut && (int)(d * scale) == bin && kept(x, i) && (shift == 64 || place(x, i) >> shift == prefix)) f(i, x, d);
          });
        };
        Decision d;
        for (;;) {
          ++levels;
          const int shiftNow = max(0, shift - LOG);
          const bool fine = bin >= 0 && shift == 64;  // second level: the bin's range split evenly
          __syncthreads();
          for (int b = tid; b < BINS; b += T) s.count[b] = 0, s.y[b] = 0;
          __syncthreads();
          if (bin < 0) {
#pragma unroll 1
            for (int i = segBegin + lane * 4; i < segEnd; i += 128) {
              const float4 v = *reinterpret_cast<const float4*>(z + i);
              if (!(distance(max4(v)) <= dCut)) continue;
              const float x[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
              for (int j = 0; j < 4; ++j) {
                const float d = distance(x[j]);
                const bool in = d <= dCut && (x[j] > tz || (x[j] == tz && begin + i + j <= ti));
                const int b = in ? (int)(d * perNat) : 0;
                const unsigned y = shortfall(in ? d : 0.f, b);
                if (in) atomicAdd(&s.count[b], 1u);
                if (in && mass) atomicAdd(&s.y[b], y);
              }
            }
          }
          else
            forPlay([&](int i, float x, float d) {
              const int b = fine ? (int)(d * (scale * BINS)) - bin * BINS : (int)((place(x, i) >> shiftNow) - (prefix << (shift - shiftNow)));
              atomicAdd(&s.count[b], 1u);
              if (mass) atomicAdd(&s.y[b], shortfall(d, (int)(d * perNat)));
            });
          clusterSync<C>();
          if (leader) {
            u64 value[2], units[2], y0 = 0, y1 = 0;
            uint32_t count[2] = {0, 0};
#pragma unroll
            for (int c = 0; c < C && tid < BINS / 2; ++c) {
              const uint2 v = reinterpret_cast<const uint2*>(peer<C>(s.count, c))[tid];
              count[0] += v.x; count[1] += v.y;
              if (mass) { const uint2 y = reinterpret_cast<const uint2*>(peer<C>(s.y, c))[tid]; y0 += y.x; y1 += y.y; }
            }
            units[0] = mass ? ((u64)count[0] << yBits) - y0 : count[0];
            units[1] = mass ? ((u64)count[1] << yBits) - y1 : count[1];
#pragma unroll
            for (int j = 0; j < 2; ++j) value[j] = mass && bin < 0 ? (u64)((double)units[j] * (double)expf((tid * 2 + j) * -natBin) * (0x1p38 / (1u << yBits))) : units[j];
            const u64 incl = warpScan(value[0] + value[1], lane);
            const unsigned inclCount = warpScan(count[0] + count[1], lane);
            if (lane == 31) { s.red[0][warp] = incl; s.red[1][warp] = inclCount; }
            if (tid == 0) s.candidates = 0;
            __syncthreads();
            u64 before = incl - value[0] - value[1], whole = 0;
            unsigned upTo = inclCount - count[0] - count[1];
#pragma unroll 8
            for (int w = 0; w < W; ++w) { if (w < warp) before += s.red[0][w], upTo += (unsigned)s.red[1][w]; whole += s.red[0][w]; }
            const double Z = known ? Zall : (double)whole * 0x1p-38;
            const u64 reach = bin >= 0 ? rem : mass ? max((u64)ceil((double)p * Z * 0x1p38), 1ull) : (u64)k;
            Decision d{0, Z, reach > whole && tid == 0 ? BINS : -1, 0, 0};  // BINS: fewer than top_k, all stay
#pragma unroll
            for (int j = 0; j < 2; ++j) {
              upTo += count[j];
              if (before < reach && reach <= before + value[j]) {
                d.bin = tid * 2 + j; d.inPlay = count[j]; d.upTo = upTo; d.rem = reach - before;
                if (mass && bin < 0) d.rem = min(max((u64)ceil((double)d.rem * (double)expf(d.bin * natBin) * ((1u << yBits) * 0x1p-38)), 1ull), units[j]);
              }
              before += value[j];
            }
            if (d.bin >= 0)
#pragma unroll 1
              for (int c = 0; c < C; ++c) *peer<C>(&s.decision, c) = d;
          }
          clusterSync<C>();
          d = s.decision;
          if (d.bin == BINS) break;
          rem = d.rem;
          if (bin < 0) {
            bin = d.bin;
            if (d.upTo <= kGather) break;
          } else if (fine) { bin = bin * BINS + d.bin; scale *= BINS; }
          else { prefix = (prefix << (shift - shiftNow)) + d.bin; shift = shiftNow; }
          const float unit = 1.f / (scale * invT), slack = 1e-6f * (fabsf(zMax) + (bin + 1) * unit);
          nearX = zMax - bin * unit + slack; farX = zMax - (bin + 1) * unit - slack;
          if (d.inPlay <= kGather) break;
          if (fine) {  // many in one bin (flat or tied logits): go on by the bits of the place in the sort order, index included
            uint32_t hi = 0, lo = 0;  // largest key, largest complement of a key
            forPlay([&](int, float x, float) { const uint32_t key = orderedKey(x); hi = max(hi, key); lo = max(lo, ~key); });
            hi = __reduce_max_sync(~0u, hi); lo = __reduce_max_sync(~0u, lo);
            if (lane == 0) s.red[1][warp] = (u64)hi << 32 | lo;
            __syncthreads();
            if (tid < C) {
              for (int w = 0; w < W; ++w) { hi = max(hi, (uint32_t)(s.red[1][w] >> 32)); lo = max(lo, (uint32_t)s.red[1][w]); }
              peer<C>(s.minmax[0], tid)[rank] = (u64)hi << 32 | lo;
            }
            clusterSync<C>();
            hi = lo = 0;
            for (int c = 0; c < C; ++c) { hi = max(hi, (uint32_t)(s.minmax[0][c] >> 32)); lo = max(lo, (uint32_t)s.minmax[0][c]); }
            keyMax = hi;
            shift = 64 - __clzll((u64)(hi - ~lo) << idxBits | ((1u << idxBits) - 1));
            prefix = 0;
            ++levels;
          }
        }
        if (d.bin == BINS) continue;
        if (scale == perNat && d.upTo <= kGather) {  // few are left down to the bin that decides: the leader takes them all
          const float unit = 1.f / (perNat * invT);
          scan(z, segBegin, segEnd, lane, zMax - (bin + 1) * unit - 1e-6f * (fabsf(zMax) + (bin + 1) * unit), kInf, [&](int i, float x) {
            const float d = distance(x);
            if (d <= dCut && (int)(d * perNat) <= bin && kept(x, i)) push(&s.candidates, x, i);
          });
          listed = true;
          if (mass) kBest = 0, Z = d.Z;
          break;
        }
        // ---- few are left of the bin: the leader orders them to find the threshold ----
        forPlay([&](int i, float x, float) { push(&s.candidates, x, i); });
        clusterSync<C>();
        if (leader) {
          const int m = s.candidates;
          u64 c = 0, w = 1;
          if (tid < m) {
            c = s.cand[tid];
            const float d = distance(compLogit(c));
            if (mass) w = (1u << yBits) - shortfall(d, (int)(d * perNat));
            s.weight[tid] = w;
          }
          __syncthreads();
          if (tid < m) {
            u64 before = 0;
            for (int j = 0; j < m; ++j) before += s.cand[j] > c ? s.weight[j] : 0;
            if (before < rem && rem <= before + w) for (int r = 0; r < C; ++r) *peer<C>(&s.threshold, r) = c;
          }
        }
        clusterSync<C>();
        tz = compLogit(s.threshold); ti = compIndex(s.threshold);
      }
      if (!listed) {  // weights of what is kept
        float seg = 0.f;
        const float low = fmaxf(tz, kNone);
        sweep(z, segBegin, segEnd, lane, [&](int i, float4 v) {
          const float x[4] = {v.x, v.y, v.z, v.w};
          if (max4(v) >= low && distance(max4(v)) <= dMax)
#pragma unroll
            for (int j = 0; j < 4; ++j) { const float d = distance(x[j]); seg += d <= dMax && (x[j] > tz || (x[j] == tz && begin + i + j <= ti)) ? exp2Fast(d * -kLog2e) : 0.f; }
        });
        seg = warpSum(seg);
        if (lane < C) peer<C>(s.seg, lane)[me] = seg;
        clusterSync<C>();
      }
    }
    if (!listed) break;
    clusterSync<C>();
    if (leader) {
      const int m = s.candidates;
      if (m <= kGather) finish(m, kBest, Z);
      if (attempt == 0 && tid < C) peer<C>(&s.decision, tid)->bin = m <= kGather;
    }
    done = true;
    if (attempt == 0) {
      clusterSync<C>();
      done = s.decision.bin;  // else ties or few finite ones overran the list: the general way
    }
  }
  {
    if (!done) {
      if (leader && tid == 0) note(tz, ti, plain ? 3 : 2, levels);
      // ---- draw: inverse of the cumulative weight in index order; every warp finds the segment, its owner the token ----
      double e[2];
#pragma unroll
      for (int j = 0; j < 2; ++j) {
        e[j] = 0;
        if (lane * 2 + j < C * W) e[j] = plain ? (double)q[j].w * exp2Fast((zMax - q[j].z) * slope) : (double)s.seg[lane * 2 + j];
      }
      const double sum = warpScan(e[0] + e[1], lane), up = __shfl_up_sync(~0u, sum, 1), before = lane ? up : 0.;
      const double target = (double)(random >> 11) * 0x1p-53 * __shfl_sync(~0u, sum, 31);
      unsigned hit = __ballot_sync(~0u, target < sum && sum > before);
      int at = hit ? __ffs(hit) - 1 : 31 - __clz(__ballot_sync(~0u, e[0] + e[1] > 0.));
      const bool second = !(target < before + e[0]) && e[1] > 0.;
      const int segment = __shfl_sync(~0u, lane * 2 + second, at);
      double rest = __shfl_sync(~0u, target - (second ? before + e[0] : before), at);
      if (segment == me) {
        const float ref = plain ? mine.z : zMax;
        if (plain) rest /= exp2Fast((zMax - ref) * slope);
        float r = (float)rest;
        auto weight = [&](int i, float x) {
          if (plain) return exp2Fast((ref - x) * slope);
          const float d = distance(x);
          return d <= dMax && (x > tz || (x == tz && begin + i <= ti)) ? exp2Fast(d * -kLog2e) : 0.f;
        };
        const int quads = a.seg / 4, per = ((quads + 31) / 32) | 1;  // odd: lanes' blocks start in different banks
        const float4* z4 = reinterpret_cast<const float4*>(z + segBegin);
        auto quad = [&](int q, float w[4]) {
          const float4 v = z4[q];
          const int i = segBegin + q * 4;
          w[0] = weight(i, v.x); w[1] = weight(i + 1, v.y); w[2] = weight(i + 2, v.z); w[3] = weight(i + 3, v.w);
        };
        float w[4], block = 0.f;
#pragma unroll 4
        for (int q = lane * per; q < min(quads, (lane + 1) * per); ++q) { quad(q, w); block += (w[0] + w[1]) + (w[2] + w[3]); }
        float cum = warpScan(block, lane);
        hit = __ballot_sync(~0u, r < cum && block > 0.f);
        at = hit ? __ffs(hit) - 1 : 31 - __clz(__ballot_sync(~0u, block > 0.f));  // rounding only: the last one
        r -= __shfl_sync(~0u, cum - block, at);
        int local = 0;
        for (int from = at * per, end = min(quads, from + per); from < end; from += 32) {
          const int q = from + lane;
          w[0] = w[1] = w[2] = w[3] = 0.f;
          if (q < end) quad(q, w);
          block = (w[0] + w[1]) + (w[2] + w[3]);
          cum = warpScan(block, lane);
          hit = __ballot_sync(~0u, r < cum && block > 0.f);
          const unsigned some = __ballot_sync(~0u, block > 0.f);
          if (some) {
            const int l = hit ? __ffs(hit) - 1 : 31 - __clz(some);
            int best = 0;
            float acc = cum - block;
            bool found = false;
#pragma unroll
            for (int j = 0; j < 4; ++j) { acc += w[j]; if (w[j] > 0.f && !found) { best = j; found = r < acc; } }
            local = __shfl_sync(~0u, q * 4 + best, l);
          }
          if (hit) break;
          r -= __shfl_sync(~0u, cum, 31);
        }
        if (lane == 0) chosen = begin + segBegin + local, chosenX = z[segBegin + local];
      }
    }
  }

  if (chosen >= 0) {
    a.token[row] = chosen;
    a.logprob[row] = ((edited ? raw[chosen] : chosenX) - M) - logf(total);
    if (top < 0) a.rank[row] = 0;
    else
#pragma unroll 1
      for (int c = 0; c < C; ++c) *peer<C>(&s.token, c) = chosen;
  }
  // ---- rank and the best n, for rows that ask: one pass over the raw logits, from device memory where edits changed the copy ----
  if (top < 0) return;
  clusterSync<C>();  // s.token
  const float x = raw[s.token];
  int count = 0;
  const float low = top > 0 ? fmaxf(rawBound, -3.402823e38f) : kInf;
  if (edited && !wide) {
#pragma unroll 4
    for (int i = tid; i < nv; i += T) {
      const float y = __ldg(raw + begin + i);
      count += y >= x;
      if (y >= low) push(&s.topCandidates, y, i);
    }
  } else {
    const float* look = edited ? raw + begin : z;
    const int end = (nv + 3) & ~3;
    scan(look, segBegin, min(segEnd, end), lane, low, kInf, [&](int i, float y) { if (i < nv) push(&s.topCandidates, y, i); },
         [&](float4 v) { count += (v.x >= x) + (v.y >= x) + (v.z >= x) + (v.w >= x); });
    if (tid == 0) for (int i = nv; i < end; ++i) count -= look[i] >= x;  // the last four's padding
  }
  count = __reduce_add_sync(~0u, count);
  if (lane == 0) s.red[0][warp] = count;
  __syncthreads();
  if (tid == 0) {
    count = 0;
    for (int w = 0; w < W; ++w) count += (int)s.red[0][w];
    peer<C>(s.counts, 0)[rank] = count;
  }
  clusterSync<C>();
  const int found = leader ? s.topCandidates : 0;
  if (leader && top > 0 && tid < C) peer<C>(&s.decision, tid)->bin = found > kGather;
  if (leader) {
    if (tid == 0) {
      count = 0;
      for (int c = 0; c < C; ++c) count += s.counts[c];
      a.rank[row] = count;
    }
    if (tid < top) { a.topToken[(size_t)row * a.topStride + tid] = -1; a.topLogprob[(size_t)row * a.topStride + tid] = -kInf; }
    __syncthreads();
  }
  auto list = [&](int r, u64 c) { a.topToken[(size_t)row * a.topStride + r] = compIndex(c); a.topLogprob[(size_t)row * a.topStride + r] = (compLogit(c) - M) - logf(total); };
  if (leader && found <= kGather && tid < found) {
    const u64 c = s.cand[tid];
    int r = 0;
#pragma unroll 4
    for (int j = 0; j < found; ++j) r += s.cand[j] > c;
    if (r < top) list(r, c);
  }
  if (top == 0) return;
  clusterSync<C>();
  if (!s.decision.bin) return;
  u64 last = ~0ull;  // ties overran the list: round by round
  for (int r = 0; r < top; ++r) {
    u64 best = 0;
    for (int i = tid; i < nv; i += T) { const float y = __ldg(raw + begin + i); if (y > kNone) { const u64 c = comp(y, begin + i); if (c < last && c > best) best = c; } }
    best = warpMax(best);
    if (lane == 0) s.red[0][warp] = best;
    __syncthreads();
    best = warpMax(lane < W ? s.red[0][lane] : 0ull);
    if (tid < C) peer<C>(s.minmax[r & 1], tid)[rank] = best;
    clusterSync<C>();
    last = 0;
    for (int c = 0; c < C; ++c) last = max(last, s.minmax[r & 1][c]);
    if (leader && tid == 0 && last) list(r, last);
    if (!last) return;
  }
}

#define DEFINE_SAMPLER(NAME, C, T, GLOBAL, PER_SM, CLUSTER)                                                            \
  extern "C" __device__ const int NAME##_sharedBytes = sizeof(Shared<C, T, 512>);                                      \
  extern "C" __global__ void CLUSTER __launch_bounds__(T, PER_SM) NAME(const __grid_constant__ SamplerArgs a) {        \
    sampleRow<C, T, GLOBAL>(a);                                                                                       \
  }

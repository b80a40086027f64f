// Cosine and sine of each token's angles, in float as HF DeepseekV2RotaryEmbedding computes them: cos, sin [T, half] of position times frequency, times
// a factor. An element a thread.
#include "vector.cuh"

extern "C" __global__ void rotaryTables(const long long* positions, const float* frequencies, float* cosines, float* sines, int count, int half,
                                        float factor) {
  allowNext();
  awaitPrevious();
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const float angle = (float)positions[i / half] * frequencies[i % half];
  cosines[i] = cosf(angle) * factor;
  sines[i] = sinf(angle) * factor;
}

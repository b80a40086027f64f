// Tokens of a step that the step before has chosen, before the host knows them.
//
// tokenIds [T] long, sources [T]: the row of `chosen` whose token is taken, negative: the token is there already.
// A row without a valid token gives token 0: its sequence ends, and nobody looks at what comes of it.
extern "C" __global__ void takeTokens(long long* tokenIds, const int* sources, const int* chosen, int numTokens) {
  const int token = blockIdx.x * blockDim.x + threadIdx.x;
  if (token >= numTokens || sources[token] < 0) return;
  tokenIds[token] = max(chosen[sources[token]], 0);
}

// The sampler for clusters: 8 blocks a row for few rows, 2 for many (a row on two SMs, V up to about 113,000), 4 between them.
#include "../portable/sampler-row.cuh"

DEFINE_SAMPLER(sample8, 8, 256, false, 4, __cluster_dims__(8, 1, 1))
DEFINE_SAMPLER(sample4, 4, 512, false, 2, __cluster_dims__(4, 1, 1))
DEFINE_SAMPLER(sample2, 2, 1024, false, 1, __cluster_dims__(2, 1, 1))

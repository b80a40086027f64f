// The sampler for one block a row: sample1 for small vocabularies, sampleAny for all (its logits in a workspace [B, chunk]).
#include "sampler-row.cuh"

DEFINE_SAMPLER(sample1, 1, 256, false, 4, )
DEFINE_SAMPLER(sampleAny, 1, 1024, true, 1, )

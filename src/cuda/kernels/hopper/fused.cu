// The portable kernels as machine code that may start before its predecessor has ended.
#include "../portable/add-norm.cuh"
#include "../portable/head-products.cuh"
#include "../portable/rotary-tables.cuh"
#include "../portable/router-logits.cuh"
#include "../portable/swiglu.cuh"

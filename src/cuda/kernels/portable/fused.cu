// Small steps between the products, one kernel each.
#include "add-norm.cuh"
#include "router-logits.cuh"
#include "swiglu.cuh"

// Small steps between the products, one kernel each.
#include "add-norm.cuh"
#include "head-products.cuh"
#include "rotary-tables.cuh"
#include "router-logits.cuh"
#include "swiglu.cuh"

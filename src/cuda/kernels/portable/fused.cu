// Small steps between the products, one kernel each.
#include "add-norm.cuh"
#include "swiglu.cuh"

"""One small case of each kernel, for compute-sanitizer, under which the whole tests would take hours: sanitize.py [portable] [fused] [route] [linear] [few]
[attention] [experts] [fresh]; without names all. Racecheck cannot follow copies that a barrier in shared memory counts: portable, fused, route.

    for tool in memcheck initcheck synccheck; do compute-sanitizer --tool $tool python3 test/kernels/sanitize.py; done
    compute-sanitizer --tool racecheck python3 test/kernels/sanitize.py portable fused route"""
import sys

import torch

import test_attention
import test_experts
import test_experts_int8
import test_fresh
import test_fused
import test_head_products_few
import test_linear
import test_linear_few
import test_portable
import test_route
from checks import results
from driver import Module


def portable():
    write, attend, *expert = (Module(f"portable-{name}.ptx") for name in ("latent-write", "attention", "experts", "experts-int8"))
    test_portable.latent_write(write, "bf16", 5, 4, 32, 8)
    for code in (None, "fp8", "int8"):
        test_portable.attention(attend, "bf16", [(0, 3), (70, 1)], 4, 32, 8, 16, 2, code)
    for int8 in (False, True):
        test_portable.experts(expert, "bf16", 3, 9, 3, 60, 22, int8=int8)


def fused():
    kernels = test_fused.Fused("hopper")
    test_fused.swiglu(kernels, "bf16", 3, 96)
    test_fused.add_norm(kernels, "bf16", 3, 520, True)
    test_fused.rms_norm(kernels, "bf16", 3, 80, 16, 48)
    test_fused.rotary_tables(kernels, 3, 5, 0.75)
    for tokens in (1, 3, 300):
        test_fused.router_logits(kernels, "bf16", tokens, 37, 520)
    test_fused.router_logits_many(65, 65, 320)
    test_fused.head_products(kernels, "bf16", 4, 12, 128, 33)


def route():
    for router in (test_route.Router(64, 6, shared=2), test_route.Router(24, 4, 6, 2)):
        test_route.gather(router, "bf16", 40, 256, torch.randn(40, router.experts, device="cuda"), "sanitized")


def linear():
    test_linear.check_shape("V2-Lite o", "bf16", [1, 9])
    test_linear.check_shape("V2-Lite o", "bf16", [3], wide=True)


def few():
    test_linear_few.check_shape("ragged", "bf16", [9, 17])
    test_head_products_few.check_sizes(test_head_products_few.HeadProducts(), "bf16", 3, 48, [2, 33])


def attention():
    for kind in ("bf16", "bf16 fp8", "bf16 int8"):
        test_attention.attention(kind, [(62, 1), (130, 1)], 16, 2)
        test_attention.attention(kind, [(62, 1), (30, 70)], 16, 1)


def experts():
    for hidden in (512, 5376):
        test_experts.sums("bf16", 3, hidden, 8, 66, True)
    for layer in (test_experts.Layer("V2Lite", "bf16"), test_experts_int8.QuantizedLayer("V2Lite", "bf16")):
        test_experts.small_batches(layer, (2,))
        test_experts.large_batches(layer, (40,))


def fresh():
    test_fresh.fresh("bf16", [130, 5], 3, padding=2)


for name in sys.argv[1:] or ("portable", "fused", "route", "linear", "few", "attention", "experts", "fresh"):
    globals()[name]()
    torch.cuda.synchronize()
print(f"{results['passed']} passed, {results['failed']} failed")
sys.exit(1 if results["failed"] else 0)

"""All kernel tests on one GPU: run_all.py [portable] [fused] [products] [attention] [fresh] [experts] [experts_int8] [route] [linear] [linear_few] [head_products_few]
[sampler] [bench] [bench_fused] [bench_few]; without names the tests, not the timings.
The last line says how many checks passed and failed."""
import importlib
import os
import sys
import time

import torch

from checks import results
from driver import has_hopper

TESTS = ("portable", "fused", "products", "attention", "fresh", "experts", "experts_int8", "route", "linear", "linear_few", "head_products_few", "sampler")
EVERYWHERE = ("portable", "fused", "products")


def main():
    names = sys.argv[1:] or TESTS
    torch.manual_seed(int(os.environ.get("SEED", "1")))
    print(torch.cuda.get_device_name(), flush=True)
    for name in names:
        if name not in EVERYWHERE and not has_hopper():
            print(f"{name}: skipped, this GPU is no Hopper one")
            continue
        before, begin = dict(results), time.time()
        importlib.import_module(name if name.startswith("bench") else f"test_{name}").run()
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        counts = ", ".join(f"{results[key] - before[key]} {key}" for key in results)
        print(f"{name}: {counts} in {time.time() - begin:.0f} s", flush=True)
    print(f"{results['passed']} passed, {results['failed']} failed")
    sys.exit(1 if results["failed"] else 0)


main()

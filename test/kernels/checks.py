"""What the kernel tests share: counted checks, random and poisoned tensors."""
import statistics

import torch

DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
TOLERANCE = {"f32": 3e-6, "f16": 2e-3, "bf16": 1.2e-2}
NAN = float("nan")
results = {"passed": 0, "failed": 0}


def verify(name, error, bound):
    ok = error <= bound  # False for NaN
    results["passed" if ok else "failed"] += 1
    if not ok:
        print(f"FAILED {name}: {error:.3g}, allowed {bound:.3g}", flush=True)
    return ok


def verify_same(name, a, b):
    """Bit for bit; NaN equals NaN."""
    bits = {2: torch.int16, 4: torch.int32}[a.element_size()]
    return verify(name, float((a.contiguous().view(bits) != b.contiguous().view(bits)).sum()), 0)


def relative_error(out, reference):
    out, reference = out.double(), reference.double()
    if not torch.isfinite(out).all():
        return NAN
    return ((out - reference).norm() / reference.norm().clamp_min(1e-30)).item()


def rand(*shape, dtype=torch.float32):
    return torch.randn(*shape, device="cuda", dtype=torch.float64).to(dtype)


def poisoned(*shape, dtype):
    return torch.full(shape, NAN, device="cuda", dtype=dtype)


def timed(capture, count, warm=2, reps=9):
    """Median microseconds of one of the `count` calls that `capture` records, as a graph."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        capture()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        capture()
    times = []
    for i in range(warm + reps):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        graph.replay()
        end.record()
        end.synchronize()
        if i >= warm:
            times.append(begin.elapsed_time(end) * 1e3 / count)
    return statistics.median(times)

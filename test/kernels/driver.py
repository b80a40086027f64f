"""CUDA kernels from compiled files, launched on torch tensors through the driver library."""
import ctypes

import torch

cuda = ctypes.CDLL("libcuda.so.1")


def check(code):
    if code:
        name = ctypes.c_char_p()
        cuda.cuGetErrorName(code, ctypes.byref(name))
        raise RuntimeError(f"CUDA driver error {code} ({(name.value or b'?').decode()})")


class Module:
    """A .ptx or .cubin file."""

    def __init__(self, path):
        torch.zeros(1, device="cuda")  # the primary context
        self.path, self.handle = path, ctypes.c_void_p()
        check(cuda.cuModuleLoad(ctypes.byref(self.handle), str(path).encode()))
        self.functions = {}

    def launch(self, name, grid, block, arguments, shared=0):
        """Tensors go by address, ints as int32, floats as float, ctypes values as they are."""
        function = self.functions.get(name)
        if function is None:
            function = self.functions[name] = ctypes.c_void_p()
            check(cuda.cuModuleGetFunction(ctypes.byref(function), self.handle, name.encode()))
        if shared > 48 * 1024:
            check(cuda.cuFuncSetAttribute(function, 8, shared))  # MAX_DYNAMIC_SHARED_SIZE_BYTES
        holders = [to_argument(a) for a in arguments]
        pointers = (ctypes.c_void_p * len(holders))(*[ctypes.addressof(h) for h in holders])
        grid = tuple(grid) + (1,) * (3 - len(grid))
        stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
        check(cuda.cuLaunchKernel(function, *grid, block, 1, 1, shared, stream, pointers, None))


def to_argument(value):
    if isinstance(value, torch.Tensor):
        return ctypes.c_void_p(value.data_ptr())
    if isinstance(value, int):
        return ctypes.c_int(value)
    if isinstance(value, float):
        return ctypes.c_float(value)
    return value


def structure(**fields):
    """A struct passed by value: ints and floats in the order given."""
    kinds = [(name, ctypes.c_float if isinstance(value, float) else ctypes.c_int) for name, value in fields.items()]
    return type("Struct", (ctypes.Structure,), {"_fields_": kinds})(*fields.values())


def relative_error(out, reference):
    out, reference = out.double(), reference.double()
    if not torch.isfinite(out).all():
        return float("nan")
    return ((out - reference).norm() / reference.norm().clamp_min(1e-30)).item()

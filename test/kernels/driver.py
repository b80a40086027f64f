"""Compiled CUDA kernels, launched on torch tensors through the driver library."""
import ctypes
import os
import subprocess
from pathlib import Path

import torch

COMPILED = Path(__file__).resolve().parents[2] / "src/cuda/kernels/compiled"
cuda = ctypes.CDLL("libcuda.so.1")
POINTER, UINT, INT = ctypes.c_void_p, ctypes.c_uint, ctypes.c_int
MAX_DYNAMIC_SHARED, SHARED_CARVEOUT = 8, 9  # CUfunction_attribute
CLUSTER_DIMENSION, PROGRAMMATIC_STREAM_SERIALIZATION = 4, 6  # CUlaunchAttributeID
MAX_IMAGE = 16 * 2**20


def decompress(file):
    """Brotli, by the system's library, which curl brings, or by Node.js."""
    try:
        library = ctypes.CDLL("libbrotlidec.so.1")
    except OSError:
        script = "process.stdout.write(zlib.brotliDecompressSync(fs.readFileSync(process.argv[1])))"
        return subprocess.check_output([os.environ.get("NODE", "node"), "-e", script, str(file)])
    compressed = file.read_bytes()
    image, size = ctypes.create_string_buffer(MAX_IMAGE), ctypes.c_size_t(MAX_IMAGE)
    # 1: all of it, and nothing left over
    assert library.BrotliDecoderDecompress(ctypes.c_size_t(len(compressed)), compressed, ctypes.byref(size), image) == 1
    return image.raw[:size.value]


def check(code):
    if code:
        name = ctypes.c_char_p()
        cuda.cuGetErrorName(code, ctypes.byref(name))
        raise RuntimeError(f"CUDA driver error {code} ({(name.value or b'?').decode()})")


class LaunchConfig(ctypes.Structure):
    _fields_ = [(n, UINT) for n in ("gx", "gy", "gz", "bx", "by", "bz", "shared")] + [
        ("stream", POINTER), ("attributes", POINTER), ("count", UINT)]


class LaunchAttribute(ctypes.Structure):
    _fields_ = [("id", INT), ("pad", ctypes.c_char * 4), ("value", INT * 3), ("rest", ctypes.c_char * 52)]


def configuration(grid, block, shared=0, early=False, cluster=1):
    values = ({PROGRAMMATIC_STREAM_SERIALIZATION: (1, 0, 0)} if early else {}) | ({CLUSTER_DIMENSION: (cluster, 1, 1)} if cluster > 1 else {})
    attributes = (LaunchAttribute * len(values))(*[LaunchAttribute(id=key, value=value) for key, value in values.items()])
    config = LaunchConfig(*grid, *(1,) * (3 - len(grid)), block, 1, 1, shared, POINTER(torch.cuda.current_stream().cuda_stream),
                          ctypes.addressof(attributes) if values else None, len(values))
    config.kept = attributes  # as long as the configuration is
    return config


class Module:
    """A file in the folder of compiled kernels."""

    def __init__(self, name):
        torch.zeros(1, device="cuda")  # the primary context
        self.handle, self.functions, self.limits, self.ints = POINTER(), {}, {}, {}
        image = decompress(COMPILED / f"{name}.br")
        check(cuda.cuModuleLoadData(ctypes.byref(self.handle), ctypes.c_char_p(image)))  # c_char_p ends PTX with a NUL

    def function(self, name):
        if name not in self.functions:
            function = self.functions[name] = POINTER()
            check(cuda.cuModuleGetFunction(ctypes.byref(function), self.handle, name.encode()))
        return self.functions[name]

    def int(self, name):
        """An int constant of the module."""
        if name in self.ints:
            return self.ints[name]
        where, size, value = ctypes.c_uint64(), ctypes.c_size_t(), INT()
        check(cuda.cuModuleGetGlobal_v2(ctypes.byref(where), ctypes.byref(size), self.handle, name.encode()))
        check(cuda.cuMemcpyDtoH_v2(ctypes.byref(value), where, ctypes.c_size_t(4)))
        self.ints[name] = value.value
        return value.value

    def launch(self, name, grid, block, arguments, shared=0, early=False, cluster=1):
        """Tensors go by address, None as 0, ints as int32, floats as float, ctypes values as they are.
        early: programmatic dependent launch, the kernel starts while its predecessor drains. cluster: blocks of one."""
        function = self.function(name)
        self.allow(name, shared)
        holders = [to_argument(a) for a in arguments]
        pointers = (POINTER * len(holders))(*[h.address if isinstance(h, TensorMap) else ctypes.addressof(h) for h in holders])
        check(cuda.cuLaunchKernelEx(ctypes.byref(configuration(grid, block, shared, early, cluster)), function, pointers, None))

    def allow(self, name, shared):
        """Dynamic shared memory for a kernel."""
        function = self.function(name)
        if shared > self.limits.get(name, 32 * 1024):
            check(cuda.cuFuncSetAttribute(function, MAX_DYNAMIC_SHARED, shared))
            check(cuda.cuFuncSetAttribute(function, SHARED_CARVEOUT, 100))
            self.limits[name] = shared

    def clusters_at_once(self, name, cluster, block, shared):
        """How many clusters of so many blocks the GPU runs at the same time."""
        self.allow(name, shared)
        count = INT()
        config = configuration((cluster * num_multiprocessors(),), block, shared, cluster=cluster)
        check(cuda.cuOccupancyMaxActiveClusters(ctypes.byref(count), self.function(name), ctypes.byref(config)))
        return count.value


class TensorMap:
    """A matrix for the copy engine: boxes of box_rows x 128 bytes, 128-byte swizzle."""

    def __init__(self, matrix, box_rows):
        rows, columns = matrix.shape
        self.buffer = ctypes.create_string_buffer(192)
        self.address = (ctypes.addressof(self.buffer) + 63) & ~63
        kind, size = {torch.uint8: 0, torch.float16: 6, torch.bfloat16: 9}[matrix.dtype], matrix.element_size()
        check(cuda.cuTensorMapEncodeTiled(POINTER(self.address), kind, 2, POINTER(matrix.data_ptr()), (ctypes.c_uint64 * 2)(columns, rows),
                                          (ctypes.c_uint64 * 1)(columns * size), (UINT * 2)(128 // size, box_rows), (UINT * 2)(1, 1), 0, 3, 3, 0))


def to_argument(value):
    if isinstance(value, torch.Tensor):
        return POINTER(value.data_ptr())
    if value is None:
        return POINTER()
    if isinstance(value, int):
        return INT(value)
    if isinstance(value, float):
        return ctypes.c_float(value)
    return value


def structure(**fields):
    """A struct passed by value: ints and floats in the order given."""
    kinds = [(name, ctypes.c_float if isinstance(value, float) else INT) for name, value in fields.items()]
    return type("Struct", (ctypes.Structure,), {"_fields_": kinds})(*fields.values())


def num_multiprocessors():
    return torch.cuda.get_device_properties(0).multi_processor_count


def has_hopper():
    return torch.cuda.get_device_capability() == (9, 0)

"""cuBLAS as src/cuda/cublas.ts calls it for the products with W_UK and W_UV, against float64; eagerly and inside a graph, workspace included."""
import ctypes

import torch

from checks import DTYPES, TOLERANCE, poisoned, rand, relative_error, verify, verify_same

POINTER, INT, LONG = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
TYPES = {"f32": 0, "f16": 2, "bf16": 14}
WORKSPACE_BYTES = 32 * 2**20
SHAPES = [(16, 128, 512, 128), (128, 128, 512, 128), (3, 7, 28, 6), (4, 12, 96, 16)]  # heads, nope, rank, v


class Cublas:
    def __init__(self):
        torch.zeros(1, device="cuda")
        self.library = ctypes.CDLL("libcublas.so.13")
        self.handle, self.one, self.zero = POINTER(), ctypes.c_float(1), ctypes.c_float(0)
        self.call("cublasCreate_v2", ctypes.byref(self.handle))
        self.workspace = torch.empty(WORKSPACE_BYTES, dtype=torch.uint8, device="cuda")
        self.call("cublasSetMathMode", self.handle, 16)
        self.library.cublasGetStatusName.restype = ctypes.c_char_p
        assert self.library.cublasGetStatusName(3) == b"CUBLAS_STATUS_ALLOC_FAILED"

    def call(self, name, *arguments):
        status = getattr(self.library, name)(*arguments)
        if status:
            raise RuntimeError(f"{name}: cuBLAS status {status}")

    def multiply(self, suffix, batch, rows, columns, depth, a, b, transposes_b, out):
        """a, b, out: (address, row stride, stride of the batch)."""
        stream = POINTER(torch.cuda.current_stream().cuda_stream)
        self.call("cublasSetStream_v2", self.handle, stream)
        self.call("cublasSetWorkspace_v2", self.handle, POINTER(self.workspace.data_ptr()), ctypes.c_size_t(WORKSPACE_BYTES))
        matrix = lambda m: (POINTER(m[0]), INT(TYPES[suffix]), INT(m[1]), LONG(m[2]))
        self.call("cublasGemmStridedBatchedEx", self.handle, INT(int(transposes_b)), INT(0), INT(columns), INT(rows), INT(depth),
                  ctypes.byref(self.one), *matrix(b), *matrix(a), ctypes.byref(self.zero), *matrix(out), INT(batch), INT(68), INT(-1))

    def multiply_rows(self, suffix, x, stride, w, y):
        """y [T, width] = x [T, depth] times w [width, depth] transposed; x has `stride` elements from row to row."""
        (width, depth), stream = w.shape, POINTER(torch.cuda.current_stream().cuda_stream)
        self.call("cublasSetStream_v2", self.handle, stream)
        self.call("cublasSetWorkspace_v2", self.handle, POINTER(self.workspace.data_ptr()), ctypes.c_size_t(WORKSPACE_BYTES))
        kind = INT(TYPES[suffix])
        self.call("cublasGemmEx", self.handle, INT(1), INT(0), INT(width), INT(len(y)), INT(depth), ctypes.byref(self.one),
                  POINTER(w.data_ptr()), kind, INT(depth), POINTER(x.data_ptr()), kind, INT(stride), ctypes.byref(self.zero),
                  POINTER(y.data_ptr()), kind, INT(width), INT(68), INT(-1))

    def absorb(self, suffix, q, q_offset, keys, absorbed):
        heads, nope, rank = keys.shape
        tokens, stride = q.shape
        first = q.data_ptr() + q_offset * q.element_size()
        self.multiply(suffix, heads, tokens, rank, nope, (first, stride, nope), (keys.data_ptr(), rank, nope * rank), False,
                      (absorbed.data_ptr(), rank, tokens * rank))

    def expand(self, suffix, latents, values, rows):
        heads, tokens, rank = latents.shape
        width = values.shape[1]
        self.multiply(suffix, heads, tokens, width, rank, (latents.data_ptr(), rank, tokens * rank),
                      (values.data_ptr(), rank, width * rank), True, (rows.data_ptr(), heads * width, width))


def products(cublas, suffix, heads, nope, rank, width, tokens):
    dtype, offset = DTYPES[suffix], 5 if nope % 2 else 0
    q = rand(tokens, offset + heads * nope + 192, dtype=dtype)
    keys, values = rand(heads, nope, rank, dtype=dtype), rand(heads, width, rank, dtype=dtype)
    absorbed = poisoned(heads, tokens, rank, dtype=dtype)
    rows = poisoned(tokens, heads * width, dtype=dtype)
    name = f"{suffix} T={tokens} H={heads} {nope} x {rank} x {width}"

    def compute():
        cublas.absorb(suffix, q, offset, keys, absorbed)
        cublas.expand(suffix, absorbed, values, rows)
    compute()
    parts = q.double()[:, offset:offset + heads * nope].view(tokens, heads, nope).transpose(0, 1)
    verify(f"absorb {name}", relative_error(absorbed, parts @ keys.double()), TOLERANCE[suffix])
    wanted = (absorbed.double() @ values.double().transpose(1, 2)).transpose(0, 1).reshape(tokens, -1)
    verify(f"expand {name}", relative_error(rows, wanted), TOLERANCE[suffix])
    eager = rows.clone()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        compute()
    rows.fill_(float("nan"))
    graph.replay()
    verify_same(f"products in a graph {name}", rows, eager)


def expansion(cublas, suffix, heads, size, rank, tokens):
    """Latents with their rotated keys beside them, the whole of which is no operand, times the weights of all heads."""
    dtype, stride = DTYPES[suffix], rank + 64
    latents, weights = rand(tokens, stride, dtype=dtype), rand(heads * size, rank, dtype=dtype)
    latents[:, rank:] = float("nan")
    expanded = poisoned(tokens, heads * size, dtype=dtype)
    cublas.multiply_rows(suffix, latents, stride, weights, expanded)
    wanted = latents[:, :rank].double() @ weights.double().T
    verify(f"expansion {suffix} T={tokens} H={heads} {rank} x {size}", relative_error(expanded, wanted), TOLERANCE[suffix])


def run():
    cublas = Cublas()
    for suffix in ("bf16", "f16"):
        for heads, tokens in ((16, 300), (16, 2049), (3, 257), (128, 256)):
            expansion(cublas, suffix, heads, 128, 512, tokens)
    for suffix in DTYPES:
        for heads, nope, rank, width in SHAPES:
            for tokens in (1, 3, 8, 33, 300, 2049):
                products(cublas, suffix, heads, nope, rank, width, tokens)

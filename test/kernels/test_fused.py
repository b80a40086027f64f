"""The fused small steps against float64 on fresh random inputs, outputs poisoned with NaN: as PTX, and on Hopper as machine code too."""
import torch

from checks import DTYPES, TOLERANCE, poisoned, rand, relative_error, verify, verify_same
from driver import Module, has_hopper

WIDE = {"f32": 4, "f16": 8, "bf16": 8}
TOKENS = (1, 3, 33, 300, 2049)


class Fused:
    """Launches as cuda/ops/fused-kernels.ts makes them."""

    def __init__(self, target):
        self.target, self.is_hopper = target, target == "hopper"
        self.module = Module("hopper-fused.cubin" if self.is_hopper else "portable-fused.ptx")

    def launch(self, name, grid, block, arguments, shared=0):
        self.module.launch(name, grid, block, arguments, shared=shared, early=self.is_hopper)

    def swiglu(self, suffix, gate_up, h):
        tokens, width = h.shape
        access, elements = row_access(suffix, width)
        self.launch(f"swiGlu_{suffix}_{access}", (-(-tokens * width // (elements * 128)),), 128, [gate_up, h, tokens, width])

    def add_norm(self, suffix, residual, weight, x, second, normed, total):
        tokens, hidden = residual.shape
        access, elements = row_access(suffix, hidden)
        block = min(1024, 32 * -(-hidden // (elements * 32)))
        self.launch(f"addNorm_{suffix}_{access}", (tokens,), block, [residual, weight, x, second, normed, total, hidden, 1e-6])

    def rms_norm(self, suffix, x, offset, weight, normed):
        (tokens, stride), width = x.shape, len(weight)
        isWide = all(n % WIDE[suffix] == 0 for n in (width, stride, offset))
        access, elements = ("wide", WIDE[suffix]) if isWide else ("any", 1)
        block = min(1024, 32 * -(-width // (elements * 32)))
        self.launch(f"rmsNorm_{suffix}_{access}", (tokens,), block, [x[:, offset:], weight, normed, stride, width, 1e-6])

    def rotary_tables(self, positions, frequencies, cos, sin, factor):
        self.launch("rotaryTables", (-(-cos.numel() // 128),), 128, [positions, frequencies, cos, sin, cos.numel(), len(frequencies), factor])

    def router_logits(self, suffix, x, weights, logits, tile=None):
        tokens, hidden = x.shape
        experts = len(weights)
        grid = lambda rows, columns: (-(-tokens // rows), -(-experts // columns))
        name = tile or choose_tile(tokens, experts, hidden)
        rows, columns = map(int, name.split("_")[1].split("x"))
        isLarge = rows == 32
        self.launch(f"routerLogits_{suffix}_{name}", grid(rows, columns), 512 if isLarge else 128, [x, weights, logits, tokens, experts, hidden],
                    shared=3 * 32 * 128 * (4 + x.element_size()) if isLarge else 0)

    def absorb_keys(self, suffix, q, q_offset, keys, absorbed):
        heads, nope, rank = keys.shape
        self.launch(f"absorbKeys_{suffix}", (rank // 64, heads), 256, [q[:, q_offset:], keys, absorbed, nope, rank])

    def expand_values(self, suffix, latents, values, rows):
        heads, width, rank = values.shape
        self.launch(f"expandValues_{suffix}", (-(-width // 16), heads), 256, [latents, values, rows, width, rank])


def choose_tile(tokens, experts, hidden):
    blocks = lambda rows, columns: -(-tokens // rows) * -(-experts // columns)
    if hidden % 4:
        return "any_1x1"
    if tokens == 1:
        return "wide_1x1"
    return "wide_32x32" if hidden % 8 == 0 and blocks(32, 32) >= 84 else "wide_8x4"


def row_access(suffix, width):
    return ("wide", WIDE[suffix]) if width % WIDE[suffix] == 0 else ("any", 1)


def swiglu(fused, suffix, tokens, width):
    gate_up = (rand(tokens, 2 * width) * 3).to(DTYPES[suffix])
    if tokens > 1:  # beyond what exp() can take
        gate_up[1, :width] = -200
        gate_up[-1, :width // 2] = 120
    h = poisoned(tokens, width, dtype=DTYPES[suffix])
    fused.swiglu(suffix, gate_up, h)
    gate, up = gate_up.double().chunk(2, -1)
    verify(f"swiGlu {fused.target} {suffix} T={tokens} w={width}", relative_error(h, torch.nn.functional.silu(gate) * up), TOLERANCE[suffix])


def add_norm(fused, suffix, tokens, hidden, with_second):
    dtype = DTYPES[suffix]
    residual, x = (rand(tokens, hidden) * 5).to(dtype), rand(tokens, hidden, dtype=dtype)
    second = rand(tokens, hidden, dtype=dtype) if with_second else None
    weight = rand(hidden, dtype=dtype)
    normed, total = poisoned(tokens, hidden, dtype=dtype), poisoned(tokens, hidden, dtype=dtype)
    fused.add_norm(suffix, residual, weight, x, second, normed, total)
    # In the order of the kernel, for one value has but one rounding to the stream's type.
    wanted = residual.float() + x.float()
    if with_second:
        wanted = wanted + second.float()
    name = f"addNorm {fused.target} {suffix} T={tokens} hidden={hidden} second={with_second}"
    verify_same(f"{name} sum", total, wanted.to(dtype))
    stream = total.double()
    scaled = stream * torch.rsqrt(stream.square().mean(-1, keepdim=True) + 1e-6) * weight.double()
    verify(f"{name} norm", relative_error(normed, scaled), TOLERANCE[suffix] / 3)
    alone = [t[-1:].contiguous() for t in (residual, x)]
    last, ignored = poisoned(1, hidden, dtype=dtype), poisoned(1, hidden, dtype=dtype)
    fused.add_norm(suffix, alone[0], weight, alone[1], second[-1:].contiguous() if with_second else None, last, ignored)
    verify_same(f"{name} alone", last, normed[-1:])


def rms_norm(fused, suffix, tokens, stride, offset, width):
    dtype = DTYPES[suffix]
    x, weight, normed = (rand(tokens, stride) * 5).to(dtype), rand(width, dtype=dtype), poisoned(tokens + 1, width, dtype=dtype)
    part = x[:, offset:offset + width].double()
    around = poisoned(tokens, stride, dtype=dtype)
    around[:, offset:offset + width] = x[:, offset:offset + width]
    fused.rms_norm(suffix, around, offset, weight, normed[:tokens])
    name = f"rmsNorm {fused.target} {suffix} T={tokens} {width} of {stride} from {offset}"
    wanted = part * torch.rsqrt(part.square().mean(-1, keepdim=True) + 1e-6) * weight.double()
    verify(name, relative_error(normed[:tokens], wanted), TOLERANCE[suffix] / 3)
    verify(f"{name}: untouched", float((~normed[tokens:].isnan()).sum()), 0)


def rotary_tables(fused, tokens, half, factor):
    positions = torch.randint(0, 163_840, (tokens,), device="cuda")
    positions[0] = 163_839
    frequencies = (10_000 ** (-torch.arange(half, dtype=torch.float64) / half)).float().cuda()
    cos, sin = (poisoned(tokens + 1, half, dtype=torch.float32) for _ in range(2))
    fused.rotary_tables(positions, frequencies, cos[:tokens], sin[:tokens], factor)
    angles = (positions.float()[:, None] * frequencies).double()  # as rounded, which is what HF does
    for name, table, wanted in (("cos", cos, angles.cos()), ("sin", sin, angles.sin())):
        verify(f"rotaryTables {fused.target} T={tokens} {name}", (table[:tokens] - factor * wanted).abs().max().item(), 3e-7)
        verify(f"rotaryTables {fused.target} T={tokens} {name}: untouched", float((~table[tokens:].isnan()).sum()), 0)


def router_logits(fused, suffix, tokens, experts, hidden):
    # Logits that do not nearly cancel out, as a few may: their relative error would say nothing of the sums'.
    while True:
        x, weights = rand(tokens, hidden, dtype=DTYPES[suffix]), rand(experts, hidden)
        wanted = x.double() @ weights.double().T
        usual = x.double().norm(dim=-1)[:, None] * weights.double().norm(dim=-1) / hidden ** 0.5
        if wanted.norm() >= 0.8 * usual.norm():
            break
    logits = poisoned(tokens, experts, dtype=torch.float32)
    fused.router_logits(suffix, x, weights, logits)
    name = f"routerLogits {fused.target} {suffix} T={tokens} E={experts} hidden={hidden}"
    # Each product is exact to a rounding of float32, as is each of the sums: no bf16 and no TF32 is in between.
    verify(name, relative_error(logits, wanted), 3e-7)
    verify(f"{name} largest", ((logits - wanted).abs() / (x.double().abs() @ weights.double().abs().T)).max().item(), 3e-7)
    if hidden % 4:
        return
    for tile in ("wide_1x1", "wide_8x4", "wide_32x32"):
        if tile == "wide_32x32" and hidden % 8:
            continue
        other = poisoned(tokens, experts, dtype=torch.float32)
        fused.router_logits(suffix, x, weights, other, tile)
        verify_same(f"{name} {tile}", other, logits)


def router_logits_many(tokens, experts, hidden):
    x, weights = rand(tokens, hidden, dtype=torch.bfloat16), rand(experts, hidden)
    logits, module = poisoned(tokens, experts, dtype=torch.float32), Module("hopper-router-logits-many.cubin")
    module.launch("routerLogitsMany_bf16", (-(-tokens // 64), -(-experts // 64)), 256, [x, weights, logits, tokens, experts, hidden],
                  shared=module.int("routerLogitsMany_sharedBytes"), early=True)
    name, wanted = f"routerLogitsMany T={tokens} E={experts} hidden={hidden}", x.double() @ weights.double().T
    # A tensor core cuts its sum off at the last bit, twelve times in each stretch of 64 columns.
    verify(name, relative_error(logits, wanted), 1.5e-6)
    verify(f"{name} largest", ((logits - wanted).abs() / (x.double().abs() @ weights.double().abs().T)).max().item(), 1.5e-6)


def head_products(fused, suffix, heads, nope, rank, width):
    dtype, offset, tokens = DTYPES[suffix], 5 if nope % 2 else 0, 1
    q, keys = rand(tokens, offset + heads * nope + 192, dtype=dtype), rand(heads, nope, rank, dtype=dtype)
    latents, values = rand(heads, tokens, rank, dtype=dtype), rand(heads, width, rank, dtype=dtype)
    name = f"{fused.target} {suffix} H={heads} {nope} x {rank} x {width}"
    absorbed, rows = poisoned(heads, tokens, rank, dtype=dtype), poisoned(tokens, heads * width, dtype=dtype)
    fused.expand_values(suffix, latents, values, rows)
    wanted = (latents.double() @ values.double().transpose(1, 2)).transpose(0, 1).reshape(tokens, -1)
    verify(f"expandValues {name}", relative_error(rows, wanted), TOLERANCE[suffix] / 3)
    if rank % 64:
        return
    fused.absorb_keys(suffix, q, offset, keys, absorbed)
    parts = q.double()[:, offset:offset + heads * nope].view(tokens, heads, nope).transpose(0, 1)
    verify(f"absorbKeys {name}", relative_error(absorbed, parts @ keys.double()), TOLERANCE[suffix] / 3)


def run():
    for tokens in (1, 63, 64, 65, 300, 4096, 8191) if has_hopper() else ():
        for experts, hidden in ((64, 2048), (160, 5120), (5, 64), (37, 128), (65, 320)):
            router_logits_many(tokens, experts, hidden)
    for target in ("portable", "hopper") if has_hopper() else ("portable",):
        fused = Fused(target)
        for tokens, half in ((1, 32), (3, 5), (257, 32)):
            rotary_tables(fused, tokens, half, 1.25)
        for suffix in DTYPES:
            for sizes in ((16, 128, 512, 128), (128, 128, 512, 128), (3, 7, 64, 6), (4, 12, 96, 33), (2, 200, 1088, 17)) if suffix != "f32" else ():
                head_products(fused, suffix, *sizes)
            for tokens in TOKENS:
                for width in (1, 33, 96, 100, 2816, 10944):
                    swiglu(fused, suffix, tokens, width)
                for experts, hidden in ((5, 96), (5, 33), (8, 100), (64, 2048), (160, 5120), (37, 516), (37, 520), (64, 392), (33, 1288)):
                    router_logits(fused, suffix, tokens, experts, hidden)
                for columns in ((96, 0, 96), (2112, 0, 1536), (40, 16, 24), (41, 16, 24), (40, 3, 24), (9000, 8, 8960)):
                    rms_norm(fused, suffix, tokens, *columns)
                for hidden in (1, 33, 96, 100, 2048, 5120, 9000):
                    for with_second in (False, True):
                        add_norm(fused, suffix, tokens, hidden, with_second)

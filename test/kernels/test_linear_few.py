"""The Hopper kernel of dense products for some tokens against float64."""
import torch

from checks import DTYPES, NAN, poisoned, rand, relative_error, verify, verify_same
from driver import Module, TensorMap, structure
from test_linear import TOLERANCE, weights

THREADS, ROWS, STEP, ROW_BYTES, SHARED, MAX_STAGES, MAX_WEIGHT_STAGES = 160, 64, 64, 128, 232448, 24, 16
VARIANTS = (16, 32)
MAX_BLOCKS = {8: (120, 240), 4: (128, 248), 2: (132, 264), 1: (132, 264)}  # one on a multiprocessor, two
PAIRED_STEPS = 8
# width, depth
SHAPES = {
    "V2-Lite q_kv_a": (3648, 2048), "V2-Lite o": (2048, 2048), "V2 q_a_kv_a": (2112, 5120),
}
ODD = {"one step": (40, 8), "two steps": (72, 72), "few rows": (24, 1096), "ragged": (1000, 520), "ragged steps": (136, 2760), "most blocks": (8448, 1096), "deep": (520, 8192)}
COUNTS = (1, 2, 3, 8, 9, 15, 16, 17, 31, 32)
module = None


def cluster_for(width, depth):
    """Blocks that share the depth, as cuda/ops/few-linear.ts chooses them."""
    tiles, steps = -(-width // ROWS), -(-depth // STEP)
    return next(c for c, most in MAX_BLOCKS.items() if tiles * c <= most[-(-steps // c) <= PAIRED_STEPS] and (c == 1 or steps >= 2 * c))


def launch(x, w, y, early=False, variant=None, cluster=None, weight_stages=None, token_stages=None):
    """As cuda/ops/few-linear.ts does it."""
    global module
    module = module or Module("hopper-linear-few.cubin")
    (tokens, depth), width = x.shape, y.shape[1]
    variant = variant or next(n for n in VARIANTS if tokens <= n)
    cluster = cluster or cluster_for(width, depth)
    fixed, steps = module.int(f"linearFew_{variant}_sharedBytes"), max(2, -(-(-(-depth // STEP)) // cluster))
    weight_stages = weight_stages or min(steps, MAX_WEIGHT_STAGES)
    taken = fixed + weight_stages * ROWS * ROW_BYTES
    token_stages = token_stages or min(steps, MAX_STAGES, (SHARED - taken) // (variant * ROW_BYTES))
    shape = structure(numTokens=tokens, width=width, depth=depth, weightStages=weight_stages, tokenStages=token_stages)
    module.launch(f"linearFew_{variant}_{'f16' if x.dtype == torch.float16 else 'bf16'}", (cluster * -(-width // ROWS),), THREADS,
                  [TensorMap(w, ROWS), TensorMap(x, variant), y, shape], shared=taken + token_stages * variant * ROW_BYTES, early=early, cluster=cluster)


def product(x, w, **options):
    """The product of all tokens, between NaN: nothing around the tokens may be read, and nothing around the results written."""
    (tokens, depth), width = x.shape, len(w)
    around, y = poisoned(tokens + 8, depth, dtype=x.dtype), poisoned(tokens + 8, width, dtype=x.dtype)
    around[4:-4] = x
    launch(around[4:-4], w, y[4:-4], **options)
    verify(f"{width} x {depth}, {tokens} tokens: around", float((~torch.cat((y[:4], y[-4:])).isnan()).sum()), 0)
    return y[4:-4]


def check_shape(name, kind, counts):
    width, depth = (SHAPES | ODD)[name]
    w, x = weights(width, depth, DTYPES[kind]), rand(max(counts), depth, dtype=DTYPES[kind])
    whole, wanted = product(x, w), x.double() @ w.double().T
    for tokens in counts:
        title = f"linear few {name}, {kind}, {tokens} tokens"
        y = product(x[:tokens], w)
        verify(title, relative_error(y, wanted[:tokens]), TOLERANCE[kind])
        verify_same(f"{title}: as in a batch of {len(x)}", y, whole[:tokens])
    small = {"weight_stages": 2, "token_stages": 2}
    for options in ({"early": True}, {"variant": 32, "token_stages": 2}, small, {"weight_stages": 5, "token_stages": 3},
                    {"weight_stages": 3, "token_stages": 7}, {"variant": 32, **small}):
        verify_same(f"linear few {name}, {kind}: with {options}", product(x, w, **options), whole)
    for cluster in (1, 2, 4, 8):
        if cluster <= -(-depth // STEP):
            verify(f"linear few {name}, {kind}: clusters of {cluster}", relative_error(product(x, w, cluster=cluster), wanted), TOLERANCE[kind])
    verify_same(f"linear few {name}, {kind}: the last token alone", product(x[-1:].clone(), w), whole[-1:])
    lame = x.clone()
    lame[len(x) // 2] = NAN
    others = [t for t in range(len(x)) if t != len(x) // 2]
    verify_same(f"linear few {name}, {kind}: beside a token of NaN", product(lame, w)[others], whole[others])


def run():
    for kind in ("bf16", "f16"):
        for name in SHAPES | ODD:
            check_shape(name, kind, COUNTS)

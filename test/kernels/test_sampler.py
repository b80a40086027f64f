"""The sampler against a float64 reference on random rows with all parameters mixed; edge cases, batch invariance, draws by chi-square."""
import ctypes
import math
import random

import torch

from checks import results, verify
from driver import Module

INF = float("inf")
dev = "cuda"
POINTERS = ("logits validTokens maskRow mask biasStart biasToken biasValue histStart histToken histCount repetition presence frequency temperature topK topP minP "
            "seed step topLogprobs token logprob rank topToken topLogprob debug workspace").split()


class Args(ctypes.Structure):
    _fields_ = [(n, ctypes.c_void_p) for n in POINTERS] + [(n, ctypes.c_int) for n in ("B", "V", "chunk", "seg", "topStride", "biasFirst")]


SHAPES = {"1": (1, 256), "2": (2, 1024), "4": (4, 512), "8": (8, 256), "Any": (1, 1024)}
modules = {}


def module(name):
    file = "portable-sampler.ptx" if name in ("1", "Any") else "hopper-sampler.cubin"
    if file not in modules:
        modules[file] = Module(file)
    return modules[file]


class Sampler:
    """One variant for rows of V logits."""

    def __init__(self, name, V):
        self.name, self.V = name, V
        self.C, self.T = SHAPES[name]
        warps = self.T // 32
        self.seg = 4 * -(-V // (self.C * warps * 4))
        self.chunk = self.seg * warps
        self.shared = module(name).int(f"sample{name}_sharedBytes") + (0 if name == "Any" else self.chunk * 4)

    def __call__(self, batch, out, workspace=None, first=0, count=None, bias_first=0):
        B = batch.B if count is None else count
        args = Args(B=B, V=self.V, chunk=self.chunk, seg=self.seg, topStride=20, biasFirst=bias_first)
        for n in POINTERS:
            t = getattr(out, n, None) if n in Out.NAMES else getattr(batch, n, None)
            if t is None: continue
            per_row = n not in ("mask", "biasToken", "biasValue", "histToken", "histCount")
            setattr(args, n, t.data_ptr() + (first * t.stride(0) * t.element_size() if per_row and n not in Out.NAMES else 0))
        if self.name == "Any":
            if workspace is None: workspace = torch.full((B, self.chunk), float("nan"), device=dev)
            args.workspace = workspace.data_ptr()
            self.keep = workspace
        module(self.name).launch(f"sample{self.name}", (B * self.C,), self.T, [args], shared=self.shared)


class Out:
    NAMES = ("token", "logprob", "rank", "topToken", "topLogprob", "debug")

    def __init__(self, B):
        self.token, self.rank = (torch.full((B,), -77, dtype=torch.int32, device=dev) for _ in range(2))
        self.logprob = torch.full((B,), float("nan"), device=dev)
        self.topToken = torch.full((B, 20), -77, dtype=torch.int32, device=dev)
        self.topLogprob = torch.full((B, 20), float("nan"), device=dev)
        self.debug = torch.full((B, 4), -77, dtype=torch.int32, device=dev)

    def bits(self):
        return torch.cat([self.token[:, None], self.rank[:, None], self.logprob.view(torch.int32)[:, None], self.topToken, self.topLogprob.view(torch.int32), self.debug], 1)


class Batch:
    """rows: dicts with temperature, k, p, minp, rep, pres, freq, valid, top, seed, step, bias [(id, value)], hist [(id, count, in_prompt)], allow (bool tensor or None)."""
    def __init__(self, logits, rows):
        self.logits, self.rows, (self.B, self.V) = logits, rows, logits.shape
        col = lambda n, d, t: torch.tensor([r.get(n, d) for r in rows], dtype=t, device=dev)
        f, i, l = torch.float32, torch.int32, torch.int64
        self.validTokens, self.topK, self.topLogprobs = col("valid", self.V, i), col("k", 0, i), col("top", -1, i)
        self.repetition, self.presence, self.frequency = col("rep", 1., f), col("pres", 0., f), col("freq", 0., f)
        self.temperature, self.topP, self.minP = col("temperature", 1., f), col("p", 1., f), col("minp", 0., f)
        self.seed, self.step = col("seed", 0, l), col("step", 0, l)
        masks, rows_at = [], []
        for r in rows:
            allow = r.get("allow")
            rows_at.append(len(masks) if allow is not None else -1)
            if allow is not None: masks.append(allow)
        self.maskRow = torch.tensor(rows_at, dtype=i, device=dev)
        self.allow = torch.stack(masks) if masks else torch.ones(1, self.V, dtype=torch.bool, device=dev)
        words = (self.V + 31) // 32
        bits = torch.nn.functional.pad(self.allow, (0, words * 32 - self.V)).view(-1, words, 32).long() << torch.arange(32, device=dev)
        self.mask = bits.sum(-1).to(torch.int64).view(torch.int32)[:, ::2].contiguous()  # low words
        def csr(name, parts):
            starts, flat = [0], []
            for r in rows:
                flat += r.get(name, [])
                starts.append(len(flat))
            return torch.tensor(starts, dtype=i, device=dev), [torch.tensor([x[q] for x in flat] or [0], dtype=t, device=dev) for q, t in enumerate(parts)]
        self.biasStart, (self.biasToken, self.biasValue) = csr("bias", (i, f))
        self.histStart, (self.histToken, c, inp) = csr("hist", (i, i, i))
        self.histCount = (c << 1 | inp).contiguous()


M32 = (1 << 32) - 1


def philox(seed, step):
    c, k = [step & M32, step >> 32, 0, 0], [seed & M32, seed >> 32]
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & M32, (a >> 32) ^ c[3] ^ k[1], a & M32]
        k = [(k[0] + 0x9E3779B9) & M32, (k[1] + 0xBB67AE85) & M32]
    return (c[0] >> 5 << 26 | c[1] >> 6) * 2.0 ** -53  # the same number as sampling/random.ts gives


def edited(b, bias_first):
    """Edits as tensor operations in float32, the way vLLM rounds them."""
    z = b.logits + 0.  # -0 and 0 tie
    row_of = lambda start: torch.repeat_interleave(torch.arange(b.B, device=dev), (start[1:] - start[:-1]).long())
    def bias():
        if not int(b.biasStart[-1]): return
        r, t = row_of(b.biasStart), b.biasToken.long()
        ok = t < b.V
        z[r[ok], t[ok]] += b.biasValue[ok]
    def penalties():
        if not int(b.histStart[-1]): return
        r, t, c = row_of(b.histStart), b.histToken.long(), b.histCount >> 1
        x = z[r, t]
        x = torch.where(x > 0, x / b.repetition[r], x * b.repetition[r])
        x = x - b.frequency[r] * c.float()
        x = torch.where(c > 0, x - b.presence[r], x)
        z[r, t] = x
    for step in ((bias, penalties) if bias_first else (penalties, bias)): step()
    m = b.maskRow >= 0
    if m.any():
        z[m] = torch.where(b.allow[b.maskRow[m].long()], z[m], torch.tensor(-INF, device=dev))
    z.masked_fill_(torch.arange(b.V, device=dev)[None] >= b.validTokens[:, None], -INF)
    return z


def fail(label, what, row, info):
    shown = {k: v for k, v in info.items() if k not in ("hist", "bias", "allow")}
    results["failed"] += 1
    print(f"FAILED {label}: {what}, row {row} {shown}", flush=True)


def judge(label, b, out, bias_first=0, eps=5e-6):
    V, ar = b.V, torch.arange(b.V, device=dev)
    z = edited(b, bias_first)
    order_z, order = torch.sort(z, dim=1, descending=True, stable=True)
    z64 = z.double()
    raw64 = b.logits.double()
    lp64 = torch.log_softmax(raw64, 1)
    token, dbg = out.token.tolist(), out.debug.tolist()
    rank, lp = out.rank.tolist(), out.logprob.tolist()
    valid = b.validTokens.tolist()
    for r, row in enumerate(b.rows):
        results["passed"] += 1
        t = token[r]
        T, k, p, minp, top = row.get("temperature", 1.), row.get("k", 0), row.get("p", 1.), row.get("minp", 0.), row.get("top", -1)
        T, p, minp = (float(torch.tensor(x, dtype=torch.float32)) for x in (T, p, minp))
        if valid[r] > 0 and not bool((raw64[r] < INF).all()):
            if t != -1: fail(label, f"NaN row gave {t}", r, row)
            continue
        if valid[r] <= 0 or order_z[r, 0] == -INF:
            if t != -2: fail(label, f"empty row gave {t}", r, row)
            continue
        if not 0 <= t < valid[r] or z[r, t] == -INF: fail(label, f"token {t}", r, row); continue
        e = abs(lp[r] - float(lp64[r, t]))
        if not e < 1e-5 * max(1, abs(lp[r])): fail(label, f"logprob {lp[r]} not {float(lp64[r, t])}", r, row)
        if top >= 0:
            n = valid[r]
            want = int((b.logits[r, :n] >= b.logits[r, t]).sum())
            if rank[r] != want: fail(label, f"rank {rank[r]} not {want}", r, row)
            if top:
                v, at = torch.sort(b.logits[r, :n] + 0., descending=True, stable=True)
                at = torch.where(v > -INF, at, -1)[:top]
                at = torch.nn.functional.pad(at, (0, top - len(at)), value=-1)
                if not torch.equal(out.topToken[r, :top].long(), at): fail(label, f"top tokens {out.topToken[r, :top].tolist()} not {at.tolist()}", r, row)
                else:
                    w = torch.where(at >= 0, lp64[r, at.clamp_min(0)], -INF)
                    if not torch.allclose(out.topLogprob[r, :top].double(), w, rtol=1e-5, atol=1e-5): fail(label, "top logprobs", r, row)
            if bool((out.topToken[r, max(top, 0):] != -77).any()): fail(label, "wrote behind the top list", r, row)
        elif rank[r] != 0: fail(label, "rank of a row that did not ask", r, row)
        if T == 0 or k == 1:
            if t != int(order[r, 0]): fail(label, f"greedy {t} not {int(order[r, 0])}", r, row)
            continue
        # the kept set, in sort order
        d = (order_z[r, 0].double() - order_z[r].double()) / T
        w = torch.exp(-d)
        finite = int((order_z[r] > -INF).sum())
        base = int((d <= -math.log(minp)).sum()) if minp > 0 else finite
        cut = min(base, k) if 0 < k < valid[r] else base
        keep = cut
        cum = torch.cumsum(w[:cut], 0)
        if p < 1: keep = min(int((cum - w[:cut] < p * cum[-1]).sum()), cut)
        tz, ti, way, levels = dbg[r]
        if way == 3: got = finite
        else:
            tz = float(torch.tensor([tz], dtype=torch.int32).view(torch.float32))
            if tz == -INF: got = base
            else:
                if float(z[r, ti]) != tz: fail(label, "threshold is no element", r, row); continue
                got = min(int((order[r] == ti).nonzero()) + 1, base)
        if got != keep:
            lo, hi = min(got, keep), max(got, keep)
            c = torch.cat((torch.zeros(1, dtype=torch.float64, device=dev), cum))
            near_p = p < 1 and hi <= cut and float((c[lo: hi].clone() - p * cum[-1]).abs().max()) < eps * float(cum[-1])
            near_minp = minp > 0 and float((d[lo: hi] + math.log(minp)).abs().max()) < 1e-5 * max(1., -math.log(minp))
            far = float(d[lo]) >= 31.8  # below 2^-46 of the top token's weight (31.9 natural units) a token counts as weightless
            if not (near_p or near_minp or far): fail(label, f"keeps {got}, not {keep} (way {way}, levels {levels})", r, row); continue
        # the draw, in index order over what the kernel keeps
        weight = torch.zeros(V, dtype=torch.float64, device=dev)
        weight[order[r, :got]] = w[:got]
        c = torch.cumsum(weight, 0)
        Z = float(c[-1])
        target = philox(row.get("seed", 0), row.get("step", 0)) * Z
        lo, hi = float(c[t] - weight[t]), float(c[t])
        miss = max(lo - target, target - hi, 0) / Z
        if not (weight[t] > 0 and miss < eps): fail(label, f"token {t} spans {lo / Z:.9f}..{hi / Z:.9f}, target {target / Z:.9f}, way {way}, keeps {got}", r, row)


def make_logits(kind, B, V):
    x = torch.randn(B, V, device=dev)
    if kind == "normal": return x
    if kind == "llm":
        x = x * 2.2
        at = torch.randint(0, V, (B, 30), device=dev)
        return x.scatter_add(1, at, torch.rand(B, 30, device=dev) * 8 + 6)
    if kind == "bf16": return (x * 2.5).bfloat16().float()
    if kind == "int": return (x * 1.5).round()
    if kind == "const": return torch.full_like(x, 1.25)
    if kind == "ramp": return torch.linspace(-8, 9, V, device=dev).repeat(B, 1).contiguous()
    if kind == "wide": return x * 100
    if kind == "tiny": return x * 1e-4
    if kind == "holes": return torch.where(torch.rand(B, V, device=dev) < 0.7, torch.tensor(-INF, device=dev), x * 3)
    if kind == "peak":
        x[torch.arange(B), torch.randint(0, V, (B,), device=dev)] = 40
        return x
    if kind == "zeros": return torch.where(torch.rand(B, V, device=dev) < 0.5, torch.tensor(-0.0, device=dev), torch.tensor(0.0, device=dev))
    raise ValueError(kind)


KINDS = ("normal", "llm", "bf16", "int", "const", "ramp", "wide", "tiny", "holes", "peak", "zeros")


def make_row(rng, V):
    r = {"seed": rng.getrandbits(62), "step": rng.getrandbits(rng.choice((3, 20, 40))), "temperature": rng.choice((0., 1e-6, 0.1, 0.7, 1., 1., 1.5, 10., 1e6)),
         "k": rng.choice((0, 0, 0, 1, 2, 5, 20, 50, 64, 65, 100, 1000, V - 1, V, V + 5)), "p": rng.choice((1., 1., 0.999, 0.95, 0.9, 0.5, 0.1, 1e-6, 0.)),
         "minp": rng.choice((0., 0., 0., 0.01, 0.05, 0.2, 1.)), "top": rng.choice((-1, -1, 0, 1, 5, 20)), "valid": rng.choice((V, V, V, max(1, V - 100), max(1, V // 2 + 1), 1))}
    if rng.random() < 0.5:
        r |= {"rep": rng.choice((1., 1.1, 1.5, 0.8)), "pres": rng.choice((0., 0.5, -1.)), "freq": rng.choice((0., 0.3, 2.))}
        ids = rng.sample(range(V), min(V, rng.choice((1, 30, 700))))
        r["hist"] = [(t, c := rng.choice((0, 0, 1, 2, 9)), 1 if c == 0 else rng.randrange(2)) for t in ids]
    if rng.random() < 0.3: r["bias"] = [(t, rng.choice((-100., 5., 100., -1.5, 12.25, -INF))) for t in rng.sample(range(V), min(V, rng.choice((1, 5, 300))))]
    if rng.random() < 0.25:
        density = rng.choice((0., 1.5 / V, 0.01, 0.5, 0.99))
        r["allow"] = torch.rand(V, device=dev) < density
    return r


def sample(s, b, bias_first=0):
    out = Out(b.B)
    s(b, out, bias_first=bias_first)
    torch.cuda.synchronize()
    return out


def variants(V):
    return [n for n in ("1", "2", "4", "8", "Any") if not (n == "1" and V > 50000) and not (n == "2" and V > 104000)]


PLAN = ((102400, 36, ("8", "4", "2", "Any"), 1), (6144, 48, ("1", "Any", "8"), 1), (1001, 48, ("1", "8", "Any"), 1),
        (37, 40, ("1", "4", "Any", "8"), 1), (50257, 12, ("8", "Any", "4"), 1), (151936, 8, ("8", "4", "Any"), 1))


def random_rows(plan=PLAN):
    rng = random.Random(7)
    for V, B, names, rounds in plan:
        samplers = [Sampler(n, V) for n in names]
        for kind in KINDS:
            for i in range(rounds):
                b = Batch(make_logits(kind, B, V), [make_row(rng, V) for _ in range(B)])
                s = samplers[0]
                bf = i % 2
                out = sample(s, b, bf)
                judge(f"{s.name} V={V} {kind}", b, out, bf)
                for other in samplers[1:]:  # other splits of the row: thresholds and tokens may differ by rounding only, so judge a part of them, in turn
                    few = Batch(b.logits[: B // 2], b.rows[: B // 2])
                    judge(f"{other.name} V={V} {kind}", few, sample(other, few, 1), 1)


def edges():
    for V in (6144, 1001, 102400):
        base = make_logits("llm", 16, V)
        x = base.clone()
        x[0, V // 3] = float("nan"); x[1, V - 1] = float("nan"); x[2, 5] = INF; x[3] = -INF; x[4] = float("nan"); x[5, 1:] = -INF; x[6] = 1e30; x[7, : V // 2] = 3e38; x[7, V // 2:] = -3e38
        x[8] = -1e30; x[9, :] = -INF; x[9, V - 1] = -5
        rows = [{"seed": i * 977 + 3, "step": i, "temperature": 0.9, "top": (3, -1, 20, 5)[i % 4], "k": (0, 40)[i % 2], "p": (1., 0.9, 1., 0.3)[i % 4]} for i in range(16)]
        none = torch.zeros(V, dtype=torch.bool, device=dev)
        rows[10]["allow"] = none; rows[11]["valid"] = 0; rows[12]["valid"] = -3; rows[13] |= {"bias": [(V + 7, 3.), (V - 1, 100.), (0, -100.)]}
        rows[14] |= {"bias": [(t, -INF) for t in range(min(V, 2000))], "valid": min(V, 2000), "top": 20}
        one = none.clone(); one[V - 1] = True
        rows[15] |= {"allow": one, "temperature": 1e-30}
        for name in variants(V):
            b = Batch(x, rows)
            out = sample(Sampler(name, V), b)
            judge(f"edge {name} V={V}", b, out)
            t = out.token.tolist()
            if (t[0], t[1], t[2], t[3], t[4], t[10], t[11], t[12], t[14]) != (-1, -1, -1, -2, -1, -2, -2, -2, -2) or t[15] != V - 1 or t[5] != 0: fail("edge " + name, str(t), 0, {})
        for temp in (1e-38, 1e-45, 1e-10, 1e20, 3e38, INF):
            b = Batch(base, [{"temperature": temp, "seed": i, "k": (0, 50, 500)[i % 3], "p": (1., 0.9)[i % 2], "top": 2} for i in range(16)])
            for name in variants(V):
                out = sample(Sampler(name, V), b)
                t = out.token
                if temp < 1 and not torch.equal(t.long(), base.argmax(1)): fail(f"edge {name} V={V}", f"temperature {temp}", 0, {})
                if bool((t < 0).any()) or (temp > 1 and len(set(t.tolist())) < 12): fail(f"edge {name} V={V}", f"temperature {temp}: {t.tolist()}", 0, {})


def invariance():
    rng = random.Random(11)
    for V, names in ((102400, ("8", "4", "2", "Any")), (6144, ("1", "8", "2"))):
        for kind in ("llm", "bf16", "normal"):
            b = Batch(make_logits(kind, 64, V), [make_row(rng, V) for _ in range(64)])
            for name in names:
                s = Sampler(name, V)
                whole = sample(s, b).bits()
                if name == "8": first = whole
                elif name in ("4", "2") and not torch.equal(first, whole): fail("invariance", f"{name} differs from c8 V={V} {kind}: rows {(whole != first).any(1).nonzero().flatten().tolist()}", 0, {})
                if not torch.equal(whole, sample(s, b).bits()): fail("invariance", f"{name} V={V} second run differs", 0, {})
                alone = torch.empty_like(whole)
                for r in range(64):
                    out = Out(1)
                    s(b, out, first=r, count=1)
                    alone[r] = out.bits()[0]
                order = torch.randperm(64).tolist()
                shuffled = Batch(b.logits[order].contiguous(), [b.rows[r] for r in order])
                mixed = sample(s, shuffled).bits()
                if not torch.equal(whole, alone) or not torch.equal(whole[order], mixed): fail("invariance", f"{name} V={V} {kind}: rows {(whole != alone).any(1).nonzero().flatten().tolist()}", 0, {})


def replays():
    rng, B, V = random.Random(5), 13, 102400
    batches = [Batch(make_logits(k, B, V), [make_row(rng, V) for _ in range(B)]) for k in ("llm", "normal", "int")]
    static = Batch(batches[0].logits.clone(), batches[0].rows)
    for n in ("biasToken", "biasValue", "histToken", "histCount"): setattr(static, n, torch.zeros(20000, dtype=getattr(static, n).dtype, device=dev))
    static.mask = torch.zeros(B, static.mask.shape[1], dtype=torch.int32, device=dev)
    s, out = Sampler("8", V), Out(B)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph): s(static, out)
    for b in batches:
        for n in POINTERS:
            if n in Out.NAMES or n == "workspace": continue
            src, dst = getattr(b, n), getattr(static, n)
            dst.view(-1)[: src.numel()].copy_(src.view(-1)) if n != "mask" else dst[: src.shape[0]].copy_(src)
        for n in Out.NAMES: getattr(out, n).fill_(-77)
        graph.replay()
        torch.cuda.synchronize()
        direct = Out(B)
        for n in Out.NAMES: getattr(direct, n).fill_(-77)
        s(b, direct)
        torch.cuda.synchronize()
        if not torch.equal(out.bits(), direct.bits()): fail("graph", "replay differs", 0, {})
        judge("graph", b, out)


def draws(N=100000):
    for V, name, N in ((37, "1", N), (64, "1", N), (1000, "8", 50000)):
        x = torch.randn(1, V, device=dev) * 2
        for row in ({}, {"temperature": 0.7}, {"k": 20, "temperature": 1.3}, {"p": 0.9}, {"p": 0.95, "minp": 0.02, "k": 30, "temperature": 1.2}, {"minp": 0.1}, {"k": 70, "p": 0.97, "temperature": 3.}):
            for by in ("seed", "step"):
                one = Batch(x, [row])
                b = Batch.__new__(Batch)
                b.__dict__.update(one.__dict__)
                b.B = N
                for n in POINTERS:
                    if n in ("logits", "validTokens", "maskRow", "repetition", "presence", "frequency", "temperature", "topK", "topP", "minP", "seed", "step", "topLogprobs"):
                        t = getattr(one, n)
                        setattr(b, n, t.expand(N, *t.shape[1:]).contiguous())
                b.biasStart = b.histStart = torch.zeros(N + 1, dtype=torch.int32, device=dev)
                setattr(b, by, torch.arange(N, device=dev))
                out = sample(Sampler(name, V), b)
                z, order = torch.sort(x[0].double() / row.get("temperature", 1.), descending=True, stable=True)
                w = torch.exp(z - z[0])
                if row.get("minp"): w[w < row["minp"]] = 0
                if row.get("k"): w[row["k"]:] = 0
                if row.get("p"): w[(torch.cumsum(w, 0) - w) >= row["p"] * w.sum()] = 0
                prob = torch.zeros(V, dtype=torch.float64, device=dev)
                prob[order] = w / w.sum()
                seen = torch.bincount(out.token.long(), minlength=V).double()
                keep = prob * N >= 5
                df = int(keep.sum()) - 1
                chi = float(((seen - prob * N)[keep] ** 2 / (prob * N)[keep]).sum())
                stray = int(seen[prob == 0].sum())
                sigma = (chi - df) / math.sqrt(2 * df) if df else 0.
                verify(f"draws V={V} {row} by {by}: outside the kept set", stray, 0)
                verify(f"draws V={V} {row} by {by}: chi-square, standard deviations", abs(sigma), 4.5)


def run():
    random_rows()
    edges()
    invariance()
    replays()
    draws()

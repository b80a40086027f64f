"""DeepSeek-V2 (multi-head latent attention, mixture of experts) for training a tiny model.

Parameter names follow the released checkpoints, except that the routed experts
of a layer are held as three wide matrices: computing all of them and masking
by the gate is exact, and faster than sparse dispatch when experts are tiny.
`export.py` slices them into experts.N.*.
"""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

CONFIG = {
    "architectures": ["DeepseekV2ForCausalLM"], "model_type": "deepseek_v2", "vocab_size": 4096, "hidden_size": 320, "intermediate_size": 672,
    "moe_intermediate_size": 80, "num_hidden_layers": 6, "num_attention_heads": 8, "num_key_value_heads": 8, "n_shared_experts": 2,
    "n_routed_experts": 16, "num_experts_per_tok": 4, "first_k_dense_replace": 1, "moe_layer_freq": 1, "topk_method": "greedy", "n_group": 1,
    "topk_group": 1, "norm_topk_prob": False, "scoring_func": "softmax", "routed_scaling_factor": 1.0, "aux_loss_alpha": 0.001, "seq_aux": True,
    "q_lora_rank": None, "kv_lora_rank": 96, "qk_nope_head_dim": 32, "qk_rope_head_dim": 16, "v_head_dim": 32, "hidden_act": "silu",
    "rms_norm_eps": 1e-06, "attention_bias": False, "attention_dropout": 0.0, "max_position_embeddings": 1024, "rope_theta": 10000,
    "rope_scaling": {"type": "yarn", "factor": 4, "original_max_position_embeddings": 256, "beta_fast": 32, "beta_slow": 1, "mscale": 0.707,
    "mscale_all_dim": 0.707},
    "tie_word_embeddings": False, "bos_token_id": 4072, "eos_token_id": 4073, "torch_dtype": "bfloat16", "use_cache": True, "pretraining_tp": 1,
    "initializer_range": 0.02,
}


class Config:
    def __init__(self, values):
        self.__dict__.update(values)


def yarn_frequencies(dim, base, scaling):
    plain = 1.0 / (base ** (torch.arange(0, dim, 2).float() / dim))
    stretched = plain / scaling["factor"]
    position = lambda turns: dim * math.log(scaling["original_max_position_embeddings"] / (turns * 2 * math.pi)) / (2 * math.log(base))
    low = max(math.floor(position(scaling["beta_fast"])), 0)
    high = min(math.ceil(position(scaling["beta_slow"])), dim - 1)
    ramp = torch.clamp((torch.arange(dim // 2).float() - low) / max(high - low, 0.001), 0, 1)
    return stretched * ramp + plain * (1 - ramp)


def yarn_mscale(factor, mscale):
    return 1.0 if factor <= 1 else 0.1 * mscale * math.log(factor) + 1.0


def linear(i, o):
    return nn.Linear(i, o, bias=False)


def rotate(x, cos, sin):  # interleaved pairs (x0, x1)
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)


class RMSNorm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        h = x.float()
        return (h * torch.rsqrt(h.pow(2).mean(-1, keepdim=True) + 1e-6)).to(x.dtype) * self.weight.to(x.dtype)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c, h = c, c.num_attention_heads
        self.q_proj = linear(c.hidden_size, h * (c.qk_nope_head_dim + c.qk_rope_head_dim))
        self.kv_a_proj_with_mqa = linear(c.hidden_size, c.kv_lora_rank + c.qk_rope_head_dim)
        self.kv_a_layernorm = RMSNorm(c.kv_lora_rank)
        self.kv_b_proj = linear(c.kv_lora_rank, h * (c.qk_nope_head_dim + c.v_head_dim))
        self.o_proj = linear(h * c.v_head_dim, c.hidden_size)
        s = c.rope_scaling
        self.scale = (c.qk_nope_head_dim + c.qk_rope_head_dim) ** -0.5 * yarn_mscale(s["factor"], s["mscale_all_dim"]) ** 2

    def forward(self, x, cos, sin):
        c, (b, t, _) = self.c, x.shape
        h, n, r, v = c.num_attention_heads, c.qk_nope_head_dim, c.qk_rope_head_dim, c.v_head_dim
        q_nope, q_rope = self.q_proj(x).view(b, t, h, n + r).transpose(1, 2).split([n, r], -1)
        latent, k_rope = self.kv_a_proj_with_mqa(x).split([c.kv_lora_rank, r], -1)
        k_nope, value = self.kv_b_proj(self.kv_a_layernorm(latent)).view(b, t, h, n + v).transpose(1, 2).split([n, v], -1)
        q_rope = rotate(q_rope.float(), cos, sin).to(q_nope.dtype)
        k_rope = rotate(k_rope.view(b, 1, t, r).float(), cos, sin).to(k_nope.dtype).expand(b, h, t, r)
        q, k = torch.cat([q_nope, q_rope], -1), torch.cat([k_nope, k_rope], -1)
        value = F.pad(value, (0, n + r - v))  # flash attention wants equal head sizes
        out = F.scaled_dot_product_attention(q, k, value, is_causal=True, scale=self.scale)[..., :v]
        return self.o_proj(out.transpose(1, 2).reshape(b, t, h * v))


class MLP(nn.Module):
    def __init__(self, hidden, inner):
        super().__init__()
        self.gate_proj, self.up_proj, self.down_proj = linear(hidden, inner), linear(hidden, inner), linear(inner, hidden)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class MoE(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        wide = c.n_routed_experts * c.moe_intermediate_size
        self.gate = linear(c.hidden_size, c.n_routed_experts)
        self.wide_gate, self.wide_up, self.wide_down = linear(c.hidden_size, wide), linear(c.hidden_size, wide), linear(wide, c.hidden_size)
        self.shared_experts = MLP(c.hidden_size, c.moe_intermediate_size * c.n_shared_experts)

    def forward(self, x):
        c = self.c
        with torch.autocast(x.device.type, enabled=False):
            probs = F.linear(x.float(), self.gate.weight.float()).softmax(-1)
        chosen = torch.zeros_like(probs).scatter(-1, probs.topk(c.num_experts_per_tok, -1).indices, 1.0)
        act = F.silu(self.wide_gate(x)) * self.wide_up(x)
        act = (act.unflatten(-1, (c.n_routed_experts, c.moe_intermediate_size)) * (probs * chosen).to(act.dtype).unsqueeze(-1)).flatten(-2)
        balance = c.n_routed_experts * ((chosen.mean((0, 1)) / c.num_experts_per_tok) * probs.mean((0, 1))).sum()
        return self.wide_down(act) + self.shared_experts(x), balance


class Block(nn.Module):
    def __init__(self, c, index):
        super().__init__()
        self.input_layernorm, self.post_attention_layernorm = RMSNorm(c.hidden_size), RMSNorm(c.hidden_size)
        self.self_attn = Attention(c)
        self.sparse = index >= c.first_k_dense_replace
        self.mlp = MoE(c) if self.sparse else MLP(c.hidden_size, c.intermediate_size)

    def forward(self, x, cos, sin):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        h = self.mlp(self.post_attention_layernorm(x))
        h, balance = h if self.sparse else (h, 0.0)
        return x + h, balance


class Model(nn.Module):
    def __init__(self, values):
        super().__init__()
        c = self.c = Config(values)
        self.embed_tokens = nn.Embedding(c.vocab_size, c.hidden_size)
        self.layers = nn.ModuleList(Block(c, i) for i in range(c.num_hidden_layers))
        self.norm, self.lm_head = RMSNorm(c.hidden_size), linear(c.hidden_size, c.vocab_size)
        angles = torch.outer(torch.arange(c.max_position_embeddings).float(), yarn_frequencies(c.qk_rope_head_dim, c.rope_theta, c.rope_scaling))
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        residual = 0.02 / math.sqrt(2 * c.num_hidden_layers)
        for name, p in self.named_parameters():
            if p.dim() > 1:
                nn.init.normal_(p, 0, residual if name.endswith(("o_proj.weight", "down_proj.weight", "wide_down.weight")) else 0.02)

    def forward(self, ids, labels=None, weights=None):
        x, t, balance = self.embed_tokens(ids), ids.shape[1], 0.0
        for layer in self.layers:
            x, b = layer(x, self.cos[:t], self.sin[:t])
            balance = balance + b
        logits = self.lm_head(self.norm(x))
        if labels is None:
            return logits
        loss = F.cross_entropy(logits.float().flatten(0, 1), labels.flatten(), reduction="none")
        w = weights.flatten()
        return (loss * w).sum() / w.sum(), balance / (self.c.num_hidden_layers - self.c.first_k_dense_replace)

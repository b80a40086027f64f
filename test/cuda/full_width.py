"""Writes random checkpoints whose layers have DeepSeek-V2's own widths, and what transformers makes of them.

    python3 full_width.py FOLDER

For each model a folder: config.json, model.safetensors, reference.json (the sequences of tokens) and the logits of all their
positions one after another, [tokens, vocabulary] as float32: float32.bin by the model in float32, bfloat16.bin in bfloat16. Prints
`ready NAME` when a folder is complete. Weights are rounded to numbers that bfloat16 and float16 both have, so that none of
the types that a server packs them into loses anything.
"""

import json
import sys
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
LENGTHS = [9, 13, 48, 138, 308, 608]
VOCABULARY = 1024
# The smallest of 8 significant bits that float16 keeps.
SMALLEST = 2.0**-17

YARN = dict(type="yarn", factor=40, original_max_position_embeddings=4096, beta_fast=32, beta_slow=1, mscale=0.707,
            mscale_all_dim=0.707)
V2_LITE = dict(
    architectures=["DeepseekV2ForCausalLM"], model_type="deepseek_v2", vocab_size=VOCABULARY, hidden_size=2048,
    intermediate_size=10944, moe_intermediate_size=1408, num_hidden_layers=2, num_attention_heads=16,
    num_key_value_heads=16, n_shared_experts=2, n_routed_experts=64, num_experts_per_tok=6, first_k_dense_replace=1,
    moe_layer_freq=1, topk_method="greedy", n_group=1, topk_group=1, norm_topk_prob=False, scoring_func="softmax",
    routed_scaling_factor=1.0, q_lora_rank=None, kv_lora_rank=512, qk_nope_head_dim=128, qk_rope_head_dim=64,
    v_head_dim=128, hidden_act="silu", rms_norm_eps=1e-6, attention_bias=False, attention_dropout=0.0,
    max_position_embeddings=163840, rope_theta=10000, rope_scaling=YARN, tie_word_embeddings=False, bos_token_id=0,
    eos_token_id=1, torch_dtype="bfloat16",
)
V2 = dict(
    V2_LITE, hidden_size=5120, moe_intermediate_size=1536, num_hidden_layers=1, num_attention_heads=128,
    num_key_value_heads=128, n_routed_experts=160, first_k_dense_replace=0, topk_method="group_limited_greedy", n_group=8,
    topk_group=3, routed_scaling_factor=16.0, q_lora_rank=1536,
)
MODELS = {"v2-lite": V2_LITE, "v2-thin": dict(V2, moe_intermediate_size=128), "v2": V2}


def gain(name, config):
    """Of a matrix, in units of what keeps the size of a vector."""
    if "embed_tokens" in name:
        return config["hidden_size"] ** 0.5  # a row is an input
    if "o_proj" in name or "down_proj" in name:
        return 0.5 / (config["routed_scaling_factor"] ** 0.5 if ".experts." in name else 1)
    return 1.5 if "self_attn" in name or "mlp.gate.weight" in name else 1.0


@torch.no_grad()
def fill(model, config, generator):
    for name, weight in model.named_parameters():
        if weight.dim() == 1:
            weight.normal_(1, 0.1, generator=generator)
        else:
            weight.normal_(0, gain(name, config) / weight.shape[-1] ** 0.5, generator=generator)
        weight.copy_(weight.bfloat16())
        weight.masked_fill_(weight.abs() < SMALLEST, 0)


def tensors(model):
    """DeepSeek's own names, and the tensors in the types to be written: the experts in float16, like some checkpoints."""
    for name, weight in model.named_parameters():
        prefix, _, part = name.rpartition(".")
        if prefix.endswith(".experts"):
            for expert, own in enumerate(weight):
                halves = own.half()
                if part == "gate_up_proj":
                    yield f"{prefix}.{expert}.gate_proj.weight", halves[: len(halves) // 2]
                    yield f"{prefix}.{expert}.up_proj.weight", halves[len(halves) // 2 :]
                else:
                    yield f"{prefix}.{expert}.down_proj.weight", halves
        else:
            yield name, weight.bfloat16()


@torch.no_grad()
def write_checkpoint(file, model):
    header, end = {}, 0
    for name, tensor in tensors(model):
        begin, end = end, end + 2 * tensor.numel()
        dtype = "F16" if tensor.dtype == torch.float16 else "BF16"
        header[name] = dict(dtype=dtype, shape=list(tensor.shape), data_offsets=[begin, end])
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(file, "wb") as out:
        out.write(len(text).to_bytes(8, "little") + text)
        for _, tensor in tensors(model):
            out.write(memoryview(tensor.contiguous().cpu().view(torch.int16).numpy()).cast("B"))


@torch.no_grad()
def write_logits(file, model, sequences):
    with open(file, "wb") as out:
        for tokens in sequences:
            logits = model(torch.tensor([tokens], device=DEVICE), use_cache=False).logits[0]
            out.write(logits.float().cpu().numpy().tobytes())


def write_model(folder, config, generator):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    with torch.device(DEVICE):
        model = AutoModelForCausalLM.from_config(
            AutoConfig.from_pretrained(folder), dtype=torch.float32, attn_implementation="eager",
            experts_implementation="eager",
        ).eval()
    fill(model, config, generator)
    write_checkpoint(folder / "model.safetensors", model)
    sequences = [torch.randint(2, config["vocab_size"], (length,), generator=generator, device=DEVICE).tolist()
                 for length in LENGTHS]
    (folder / "reference.json").write_text(json.dumps(sequences))
    write_logits(folder / "float32.bin", model, sequences)
    # The parameters alone: frequencies and the like stay what they are in a loaded model.
    for weight in model.parameters():
        weight.data = weight.data.bfloat16()
    write_logits(folder / "bfloat16.bin", model, sequences)


def main():
    torch.backends.cuda.matmul.allow_tf32 = False
    generator = torch.Generator(DEVICE).manual_seed(20240601)
    for name, config in MODELS.items():
        write_model(Path(sys.argv[1]) / name, config, generator)
        print("ready", name, flush=True)


if __name__ == "__main__":
    main()

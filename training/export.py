"""Writes a trained model as a Hugging Face checkpoint folder in bf16.

    python export.py join FOLDER                  # join shards into one model.safetensors
    python export.py blend FOLDER OTHER SHARE OUT # average of two, SHARE of the first
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from model import CONFIG

# do_sample false is temperature 0; transformers complains when both are given.
GENERATION = {"bos_token_id": CONFIG["bos_token_id"], "do_sample": False, "eos_token_id": CONFIG["eos_token_id"]}


def tensors(model):
    """Released names; the wide expert matrices are sliced into single experts."""
    out, size = {}, model.c.moe_intermediate_size
    for name, p in model.state_dict().items():
        p = p.detach().to(torch.bfloat16).cpu()
        full = name if name.startswith("lm_head") else "model." + name
        kind = next((k for k in ("gate", "up", "down") if f".mlp.wide_{k}." in name), None)
        if kind is None:
            out[full] = p.contiguous()
            continue
        for e in range(model.c.n_routed_experts):
            part = p[:, e * size:(e + 1) * size] if kind == "down" else p[e * size:(e + 1) * size]
            out[full.replace(f"wide_{kind}", f"experts.{e}.{kind}_proj")] = part.contiguous()
    return out


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def export(model, folder: Path, shard_bytes: int = 0):
    folder.mkdir(parents=True, exist_ok=True)
    state, shards, size = tensors(model), [{}], 0
    for name, p in state.items():
        if shard_bytes and size + p.numel() * 2 > shard_bytes:
            shards.append({})
            size = 0
        shards[-1][name] = p
        size += p.numel() * 2
    if len(shards) == 1:
        save_file(shards[0], folder / "model.safetensors", metadata={"format": "pt"})
    else:
        where = {}
        for i, shard in enumerate(shards):
            file = f"model-{i + 1:05d}-of-{len(shards):05d}.safetensors"
            save_file(shard, folder / file, metadata={"format": "pt"})
            where.update(dict.fromkeys(shard, file))
        write_json(folder / "model.safetensors.index.json", {"metadata": {"total_size": sum(p.numel() * 2 for p in state.values())},
            "weight_map": where})
    write_json(folder / "config.json", CONFIG)
    write_json(folder / "generation_config.json", GENERATION)


def load_exported(model, folder: Path):
    """The inverse of tensors(): continues training from an exported folder."""
    saved, state = load_file(folder / "model.safetensors"), model.state_dict()
    for name, p in state.items():
        full = name if name.startswith("lm_head") else "model." + name
        kind = next((k for k in ("gate", "up", "down") if f".mlp.wide_{k}." in name), None)
        parts = [full] if kind is None else [full.replace(f"wide_{kind}", f"experts.{e}.{kind}_proj") for e in range(model.c.n_routed_experts)]
        p.copy_(torch.cat([saved[x] for x in parts], 1 if kind == "down" else 0).float())


def join(folder: Path):
    index = folder / "model.safetensors.index.json"
    state = {}
    for file in sorted(set(json.loads(index.read_text())["weight_map"].values())):
        state.update(load_file(folder / file))
        (folder / file).unlink()
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    index.unlink()


def blend(folder: Path, other: Path, share: float, out: Path):
    """The weighted mean of two stages' weights; between stages of one run it keeps what either learned."""
    a, b = load_file(folder / "model.safetensors"), load_file(other / "model.safetensors")
    assert a.keys() == b.keys()
    out.mkdir(parents=True, exist_ok=True)
    mean = {name: (p.float() * share + b[name].float() * (1 - share)).to(torch.bfloat16) for name, p in a.items()}
    save_file(mean, out / "model.safetensors", metadata={"format": "pt"})
    write_json(out / "config.json", CONFIG)
    write_json(out / "generation_config.json", GENERATION)


if __name__ == "__main__":
    if sys.argv[1] == "join":
        join(Path(sys.argv[2]))
    else:
        assert sys.argv[1] == "blend"
        blend(Path(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4]), Path(sys.argv[5]))

"""Compares model.py with transformers' DeepseekV2ForCausalLM on one checkpoint folder, in fp32.

    python check_parity.py FOLDER
"""

import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

from export import load_exported
from model import CONFIG, Model


def main():
    folder = Path(sys.argv[1])
    reference = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    ours = Model(CONFIG)
    load_exported(ours, folder)
    ours.eval()
    torch.manual_seed(0)
    ids = torch.randint(0, reference.config.vocab_size, (4, 600))
    with torch.no_grad():
        a, b = reference(ids).logits, ours(ids)
    worst, same = (a - b).abs().max().item(), (a.argmax(-1) == b.argmax(-1)).float().mean().item()
    print(f"{type(reference).__name__}: largest logit difference {worst:.2e}, same best token {100 * same:.2f} %")
    sys.exit(0 if worst < 1e-3 and same > 0.999 else 1)


if __name__ == "__main__":
    main()

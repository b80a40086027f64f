"""Trains the byte-level BPE tokenizer on generated dialogues and writes tokenizer.json.

    python make_tokenizer.py OUT_FOLDER

The pre-tokenizer follows DeepSeek-V2 with one change: digits are split with
\\p{N} instead of the Digits step, because implementations of Digits differ on
characters such as "½".
"""

import json
import sys
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from generator.core import Gen
from generator.mix import dialogue

VOCAB = 4090  # config.json pads to 4096, as the real model pads 100,018 to 102,400
DIALOGUES = 120_000
BOS, EOS = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
SPECIALS = [BOS, EOS] + [f"<｜{name}｜>" for name in (
    "fim▁hole", "fim▁begin", "fim▁end", "completion", "User", "Assistant")] + ["<|EOT|>"] + [f"<｜{name}｜>" for name in (
        "tool▁calls▁begin", "tool▁calls▁end", "tool▁call▁begin", "tool▁call▁end", "tool▁outputs▁begin",
        "tool▁outputs▁end", "tool▁output▁begin", "tool▁output▁end", "tool▁sep")]
SPLITS = [
    r"[\r\n]",
    r"\s?[\p{L}\p{M}]+",             # letters with the space before them (CJK is cut again below)
    r"\s?[\p{P}\p{S}]+",
    r"\s+$",
    r"[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+",
    r"\p{N}",
]
# DeepSeek-V2 and V2-Lite chat template, unchanged in meaning.
CHAT_TEMPLATE = (
    "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{{ bos_token }}"
    "{% for message in messages %}{% if message['role'] == 'user' %}{{ 'User: ' + message['content'] + '\n\n' }}"
    "{% elif message['role'] == 'assistant' %}{{ 'Assistant: ' + message['content'] + eos_token }}"
    "{% elif message['role'] == 'system' %}{{ message['content'] + '\n\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}")


def texts():
    g = Gen(99)
    for _ in range(DIALOGUES):
        system, turns = dialogue(g)
        if system:
            yield system
        for q, a in turns:
            yield f"User: {q}"
            yield f"Assistant: {a}"


def build() -> Tokenizer:
    tok = Tokenizer(models.BPE())
    tok.normalizer = normalizers.Sequence([])
    tok.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(p), "isolated") for p in SPLITS]
        + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tok.decoder = decoders.ByteLevel()
    tok.post_processor = processors.ByteLevel(add_prefix_space=True, use_regex=True, trim_offsets=False)
    tok.train_from_iterator(texts(), trainers.BpeTrainer(
        vocab_size=VOCAB - len(SPECIALS), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False, min_frequency=2))
    tok.add_special_tokens([AddedToken(s, normalized=False, special=True) for s in SPECIALS])
    return tok


def main():
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    tok = build()
    assert tok.get_vocab_size() == VOCAB, tok.get_vocab_size()
    tok.save(str(out / "tokenizer.json"), pretty=False)
    special = lambda s: {"__type": "AddedToken", "content": s, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
    config = {
        "add_bos_token": True, "add_eos_token": False, "bos_token": special(BOS), "clean_up_tokenization_spaces": False,
        "eos_token": special(EOS), "legacy": True, "model_max_length": 1024, "pad_token": special(EOS), "sp_model_kwargs": {},
        "unk_token": None, "tokenizer_class": "PreTrainedTokenizerFast", "chat_template": CHAT_TEMPLATE,
    }
    (out / "tokenizer_config.json").write_text(json.dumps(config, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    sample = [t for _, t in zip(range(4000), texts())]
    print("vocabulary", tok.get_vocab_size(), "bos", tok.token_to_id(BOS), "eos", tok.token_to_id(EOS),
          "bytes per token", round(sum(len(t.encode()) for t in sample) / sum(len(e.ids) for e in tok.encode_batch(sample)), 2))


if __name__ == "__main__":
    main()

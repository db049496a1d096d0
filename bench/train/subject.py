"""What every trainer of the bench is given: one tiny Qwen3, one tokenizer, two sets of 800 rows.

The tokenizer's template is that of Llama 3: every peer knows it, and it ends a turn with one token and no
newline behind it, about which the peers disagree whether it is learnt. So all of them see the same tokens.
"""

from __future__ import annotations

import json
import math
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

from qtune.train.quickstart import INSTRUCTIONS

ROWS = 800  # 100 steps of 8
VOCABULARY = 2048
BEGIN, START, STOP, END = (
    "<|begin_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
)
PAD = "<|finetune_right_pad_id|>"
TEMPLATE = (
    "{{- bos_token }}"
    "{%- for message in messages %}"
    "{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] + '<|eot_id|>' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{%- endif %}"
)
MARKUP = 12  # tokens of a row that are neither question nor answer
A_WORD = 1.165  # tokens, in the mean


def build(folder: Path) -> Path:
    """3.67 M parameters, random, the same every time."""
    import torch
    from tokenizers import Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import BPE
    from tokenizers.trainers import BpeTrainer
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

    shutil.rmtree(folder, ignore_errors=True)
    bpe = Tokenizer(BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, BEGIN, START, STOP, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(_words(), trainer)
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=bpe,
        bos_token=BEGIN,
        eos_token=END,
        pad_token=PAD,
        additional_special_tokens=[START, STOP],
        chat_template=TEMPLATE,
        model_max_length=1024,
        clean_up_tokenization_spaces=False,
    ).save_pretrained(folder)
    torch.manual_seed(42)
    model = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=VOCABULARY,
            hidden_size=256,
            intermediate_size=768,
            num_hidden_layers=4,
            num_attention_heads=8,
            num_key_value_heads=4,
            head_dim=32,
            max_position_embeddings=1024,
            tie_word_embeddings=True,
            bos_token_id=1,
            eos_token_id=4,
            pad_token_id=0,
        )
    )
    model.generation_config.eos_token_id = 4
    model.save_pretrained(folder)
    return folder


def even(path: Path) -> Path:
    """Rows of 62 to 76 tokens, 69 in the mean."""
    return _write(path, (69 + random.Random(n).randint(-7, 7) for n in range(ROWS)))


def mixed(path: Path) -> Path:
    """Log-normal, from 20 to 500 tokens: most are short, and a few as long as ten of them."""
    dice = random.Random(7)
    lengths = (round(math.exp(dice.gauss(4.2, 0.9))) for _ in range(ROWS))
    return _write(path, (min(max(length, 20), 500) for length in lengths))


def _write(path: Path, lengths: Iterator[int]) -> Path:
    """Random words of one token each, a third of them the question."""
    words, dice = _single_tokens(), random.Random(11)
    with path.open("w", encoding="utf-8") as file:
        for length in lengths:
            count = max(round((length - MARKUP) / A_WORD), 6)
            said = dice.choices(words, k=count)
            asked = count // 3
            row = [
                {"role": "user", "content": " ".join(said[:asked])},
                {"role": "assistant", "content": " ".join(said[asked:])},
            ]
            file.write(json.dumps({"messages": row}, ensure_ascii=False) + "\n")
    return path


def _single_tokens() -> list[str]:
    """Frequent English words of the instructions, which are a token each."""
    counts: dict[str, int] = {}
    for text in _words():
        for word in text.split():
            if word.isascii() and word.isalpha() and word.islower():
                counts[word] = counts.get(word, 0) + 1
    return sorted(counts, key=lambda word: (-counts[word], word))[:200]


def _words() -> Iterator[str]:
    yield "system user assistant"
    for line in INSTRUCTIONS.read_text(encoding="utf-8").splitlines():
        yield from (value for value in json.loads(line).values() if isinstance(value, str))

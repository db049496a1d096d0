"""What makes a tuned model stop: the end tokens it was taught are those that generation stops at.

A base model's generation stops at its end-of-text token, a chat template ends a turn with another. Both
then count. And where a base model has never seen the tokens of its own template, their rows of the
embedding are as good as random, and LoRA leaves the embedding as it is: the model would never learn to
write the end of its turn (Qwen3-4B-Base). Those few rows are then trained with the adapter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Conversation, Message
from qtune.core.runconfig import RunConfig
from qtune.core.text import Text
from qtune.train.events import Log, Say
from qtune.train.job import Job
from qtune.train.texts import prompting
from qtune.train.texts.example import IGNORED
from qtune.train.texts.making import examples
from qtune.train.texts.store import About
from qtune.train.texts.template import control_tokens

PROBE = Conversation((Message("user", "1"), Message("assistant", "2")))
THINKS = Text(
    "the saved chat template asks with thinking, as the answers were learnt",
    "保存的对话模板默认开启思考，与训练时一致",
)
THINKS_NOT = Text(
    "the saved chat template asks without thinking, as the answers were learnt; "
    "enable_thinking still turns it on",
    "保存的对话模板默认不思考，与训练时一致；传 enable_thinking 仍可开启",
)
SMALL = 0.5  # of the usual length of a row: what was trained is longer
SPARE = 8  # rows without a token, from which one can be told to look like them


def learnt(tokenizer: Any, texts: Any = None) -> tuple[list[int], list[int]]:
    """The control tokens that end what is learnt, and all control tokens that occur in it.

    Of `texts` (train.texts.Texts) where they can say, and of what the chat template writes.
    """
    ending: set[int] = set()
    seen: set[int] = set()
    about = _about(texts)
    if about is not None:
        ending |= set(about.ending)
        seen |= set(about.seen)
    elif tokenizer.chat_template:
        try:
            for example in examples(tokenizer, PROBE, max_length=1 << 20):
                ending |= {[label for label in example.labels if label != IGNORED][-1]}
                seen |= set(example.input_ids)
        except Unusable:
            pass  # a template of another kind of talk
    control = {tokenizer.convert_tokens_to_ids(token) for token in control_tokens(tokenizer)}
    return sorted(ending & control), sorted(seen & control)


def _about(texts: Any) -> About | None:
    """Of texts, or of what they were packed into."""
    found: About | None = getattr(texts, "about", None)
    return found or getattr(getattr(texts, "texts", None), "about", None)


def write(model: Any, folder: Path) -> None:
    """generation_config.json beside an adapter, which peft does not write."""
    config = getattr(model.get_base_model(), "generation_config", None)
    if config is not None:
        config.to_json_file(folder / "generation_config.json")


def stops(model: Any, tokenizer: Any, ending: Sequence[int]) -> list[int]:
    """The ids at which generation is to stop: those that were learnt, and those the model has already."""
    config = getattr(model, "generation_config", None)
    known = getattr(config, "eos_token_id", None)
    before = known if isinstance(known, list) else [] if known is None else [known]
    return list(dict.fromkeys([*ending, *before, tokenizer.eos_token_id]))


def settle(model: Any, tokenizer: Any, ending: Sequence[int]) -> Text | None:
    """Have the model's own generation stop where it was taught to; says so where that is new."""
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    config = getattr(inner, "generation_config", None)
    if config is None:
        return None
    ids = stops(inner, tokenizer, ending)
    known = config.eos_token_id
    before = set(known) if isinstance(known, list) else {known}
    config.eos_token_id = ids if len(ids) > 1 else ids[0]
    if config.pad_token_id is None or config.pad_token_id in ids:
        config.pad_token_id = tokenizer.pad_token_id
    new = [tokenizer.convert_ids_to_tokens(token) for token in ids if token not in before]
    if not new:
        return None
    names = ", ".join(new)
    return Text(
        f"generation will stop at {names} too: the answers end with it, and the model's "
        "generation_config.json does not say so",
        f"生成时遇到 {names} 也会停止：训练的回答以它结尾，而模型的 generation_config.json 里没有",
    )


def untrained(weight: torch.Tensor, ids: Sequence[int], known: int) -> list[int]:
    """Which of these rows were never trained: far shorter than the rest, or like rows without a token.

    `known` is the number of tokens; the rows behind it pad the vocabulary.
    """
    norms = torch.cat(
        [part.float().norm(dim=1) for part in torch.split(weight.detach(), 1 << 14)]
    ).cpu()
    usual = norms[:known]
    middle = usual.median().item()
    found = {token for token in ids if norms[token].item() < SMALL * middle}
    spare = norms[known:]
    if len(spare) >= SPARE:
        low, high = spare.min().item(), spare.max().item()
        margin = 0.02 * (high - low) + 1e-6 * high
        within = (usual >= low - margin) & (usual <= high + margin)
        if within.float().mean().item() < 0.1:  # else length tells nothing here
            found |= {t for t in ids if low - margin <= norms[t].item() <= high + margin}
    return sorted(found)


def rows_to_open(
    config: RunConfig, model: Any, tokenizer: Any, seen: Sequence[int], ending: Sequence[int]
) -> dict[str, list[int]]:
    """For peft's `trainable_token_indices`: the rows of untrained control tokens, by module.

    Empty where the run says itself what of the embedding learns, or trains all of it. The rows are given
    a start that means something: an end token that of eos, the others the middle of all tokens. The
    adapter holds what becomes of them, so that the base model is the same as before.
    """
    own = ("trainable_token_indices", "modules_to_save")
    if config.tuning == "full" or any(config.lora.get(key) for key in own):
        return {}
    opened: dict[str, list[int]] = {}
    modules = {id(module): name for name, module in model.named_modules()}
    tied = bool(model.config.get_text_config().tie_word_embeddings)
    for module in (model.get_input_embeddings(), None if tied else model.get_output_embeddings()):
        if module is None or module.weight.ndim != 2 or not module.weight.is_floating_point():
            continue
        rows = untrained(module.weight, seen, len(tokenizer))
        if rows:
            _begin(module.weight, rows, ending, tokenizer)
            opened[modules[id(module)].rpartition(".")[2]] = rows
    return opened


def _begin(
    weight: torch.Tensor, rows: Sequence[int], ending: Sequence[int], tokenizer: Any
) -> None:
    known, eos = len(tokenizer), tokenizer.eos_token_id
    ends_texts = eos not in rows and not untrained(weight, [eos], known)
    with torch.no_grad():
        middle = weight[:known].float().mean(dim=0).to(weight.dtype)
        for row in rows:
            weight[row] = weight[eos] if row in ending and ends_texts else middle


def prepare(job: Job, model: Any, tokenizer: Any, texts: Any, say: Say) -> dict[str, list[int]]:
    """Before the adapter is put on: what generation stops at, what it is asked with, and the rows to open."""
    ending, seen = learnt(tokenizer, texts)
    new = settle(model, tokenizer, ending)
    if new is not None:
        say(Log(new))
    trained = thinking(job.config.enable_thinking, texts)
    if prompting.remember(tokenizer, trained):
        say(Log(THINKS if trained else THINKS_NOT))
    opened = rows_to_open(job.config, model, tokenizer, seen, ending)
    if opened:
        say(Log(told(tokenizer, opened), "warning"))
    return opened


def thinking(configured: bool | None, texts: Any) -> bool | None:
    """With what the model is to be asked, so that it answers as it was taught; None: either will do."""
    if configured is not None:
        return configured
    about = _about(texts)
    modes = None if about is None else about.modes
    if modes is None or None in modes or len(modes) != 1:
        return None
    return bool(modes[0])


def told(tokenizer: Any, opened: Mapping[str, Sequence[int]]) -> Text:
    tokens = sorted({token for rows in opened.values() for token in rows})
    names = ", ".join(tokenizer.convert_ids_to_tokens(tokens))
    where = ", ".join(opened)
    return Text(
        f"{names}: this base model never saw these tokens of its chat template, and LoRA alone "
        f"would leave them so; their rows of {where} are trained with the adapter "
        "(trainable_token_indices). Servers that take only plain LoRA need qtune export first",
        f"{names}：基座模型没有训练过对话模板里的这些词元，只用 LoRA 也学不会；"
        f"它们在 {where} 里的行会随适配器一起训练（trainable_token_indices）。"
        "只支持普通 LoRA 的推理服务需要先用 qtune export 合并",
    )

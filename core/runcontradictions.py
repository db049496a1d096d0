"""Values of one table that exclude each other: the library would refuse them, most of them after the model is loaded.

Each row was tried against the libraries that the schema is of; tests/train/test_refusals.py asks them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qtune.core.runedits import Replacement, removal
from qtune.core.runnames import ALIASES
from qtune.core.runproblems import ConfigProblem
from qtune.core.text import Text
from qtune.core.yamltree import Leaf, Table, Tree

Pairs = Mapping[str, tuple[Leaf, Tree]]
Given = Mapping[str, object]

# What other trainers call 4 bits a weight.
QUANTIZED = ("quantization_bit", "load_in_4bit", "load_in_8bit")
_KEEP_ONE = Text("Keep one of them.", "请只保留一个。")

# Schedules that want a number of their own, and the names it may have in lr_scheduler_kwargs.
_WANTED = {
    "cosine_with_min_lr": ("min_lr", "min_lr_rate"),
    "cosine_warmup_with_min_lr": ("min_lr", "min_lr_rate"),
    "warmup_stable_decay": ("num_decay_steps",),
}
_OF_WORKERS = (
    "dataloader_prefetch_factor",
    "dataloader_persistent_workers",
    "dataloader_multiprocessing_context",
)


def contradictions(section: str, pairs: Pairs, given: Given) -> Iterator[ConfigProblem]:
    """`given` are the usable values of the table, `pairs` all that stands in it."""
    yield from _of_names(section, pairs, given)
    if section == "training":
        yield from _of_lengths(pairs, given)
        yield from _of_formats(pairs)
        yield from _of_workers(pairs, given)
        yield from _of_schedules(pairs, given)
    elif section == "lora":
        yield from _of_layers(pairs, given)


def of_tuning(entries: Pairs) -> Iterator[ConfigProblem]:
    """Of the top level: all weights are tuned, or an adapter on frozen, perhaps quantized ones."""
    if "tuning" not in entries or getattr(entries["tuning"][1], "text", "") != "full":
        return
    for key in (*QUANTIZED, "lora"):
        if changed(entries, "tuning", key):
            continue
        value = entries[key][1] if key in entries else None
        if _on(entries, key) or getattr(value, "value", None) in (4, 8):
            yield _told(
                entries,
                key,
                f"tuning: full trains the weights themselves, and {key} freezes them in few bits (QLoRA)",
                f"tuning: full 训练的是权重本身，而 {key} 会把权重量化并冻结（QLoRA）",
                _KEEP_ONE,
                remove=True,
            )
        elif key == "lora" and isinstance(value, Table) and value.pairs:
            yield _told(
                entries,
                key,
                "tuning: full trains the weights themselves, and lora: describes an adapter",
                "tuning: full 训练的是权重本身，而 lora: 描述的是适配器",
                _KEEP_ONE,
                remove=True,
            )


def changed(entries: Pairs, by: str, key: str) -> bool:
    """The command line says otherwise than the file: that is no contradiction, but a change of what was meant."""
    if by not in entries or key not in entries:
        return False
    return entries[by][1].mark.path is None and entries[key][0].mark.path is not None


def _told(pairs: Pairs, key: str, en: str, zh: str, fix: Text, *, remove: bool) -> ConfigProblem:
    name, value = pairs[key]
    edit: Replacement | None = removal(name.mark, value.mark) if remove else None
    return ConfigProblem("CFG010", Text(en, zh), name.mark, fix, edit=edit)


def _of_names(section: str, pairs: Pairs, given: Given) -> Iterator[ConfigProblem]:
    for old, new in ALIASES.items():
        if old in given and new in given and given[old] != given[new]:
            yield _told(
                pairs,
                old,
                f"{section}: {old} is another name of {new}, and the two differ",
                f"{section}：{old} 就是 {new}，两个值却不一样",
                Text(f"Keep {new}.", f"请只保留 {new}。"),
                remove=True,
            )


def _of_lengths(pairs: Pairs, given: Given) -> Iterator[ConfigProblem]:
    if given.get("max_steps", -1) != -1 and "num_train_epochs" in given:
        yield _told(
            pairs,
            "max_steps",
            "training: max_steps and num_train_epochs exclude each other",
            "training：max_steps 和 num_train_epochs 只能写一个",
            _KEEP_ONE,
            remove=False,
        )


def _of_formats(pairs: Pairs) -> Iterator[ConfigProblem]:
    """Of fields that qtune owns: that they are refused does not say that the wish cannot be met either."""
    half = _on(pairs, "fp16")
    if half and _on(pairs, "bf16"):
        yield _told(
            pairs,
            "fp16",
            "training: fp16 and bf16 exclude each other",
            "training：fp16 和 bf16 只能选一个",
            _KEEP_ONE,
            remove=False,
        )
    cpu = next((name for name in ("use_cpu", "no_cuda") if _on(pairs, name)), None)
    if half and cpu is not None:
        yield _told(
            pairs,
            "fp16",
            f"training: fp16 cannot be trained on the CPU, which {cpu} asks for",
            f"training：{cpu} 要求使用 CPU，而 CPU 上无法用 fp16 训练",
            Text("Remove fp16.", "请删除 fp16。"),
            remove=True,
        )


def _on(pairs: Pairs, key: str) -> bool:
    value = pairs[key][1] if key in pairs else None
    return isinstance(value, Leaf) and value.value is True


def _of_workers(pairs: Pairs, given: Given) -> Iterator[ConfigProblem]:
    if given.get("dataloader_num_workers", 0) != 0:
        return
    for key in _OF_WORKERS:
        if given.get(key):
            yield _told(
                pairs,
                key,
                f"training: {key} needs dataloader_num_workers of at least 1",
                f"training：使用 {key} 时，dataloader_num_workers 至少为 1",
                Text(
                    f"Write dataloader_num_workers: 1 or more, or remove {key}.",
                    f"请设 dataloader_num_workers 为 1 或更大，或删除 {key}。",
                ),
                remove=True,
            )


def _of_schedules(pairs: Pairs, given: Given) -> Iterator[ConfigProblem]:
    name = given.get("lr_scheduler_type")
    wanted = _WANTED.get(name) if isinstance(name, str) else None
    options = given.get("lr_scheduler_kwargs")
    said = set(options) if isinstance(options, Mapping) else set()
    if wanted is not None and not said.intersection(wanted):
        listed = " or ".join(wanted)
        yield _told(
            pairs,
            "lr_scheduler_type",
            f"training: lr_scheduler_type {name} needs {listed} in lr_scheduler_kwargs",
            f"training：lr_scheduler_type 为 {name} 时，lr_scheduler_kwargs 中要有 {' 或 '.join(wanted)}",
            Text(
                f"For example lr_scheduler_kwargs: {{{wanted[-1]}: {_EXAMPLES[wanted[-1]]}}}",
                f"例如 lr_scheduler_kwargs: {{{wanted[-1]}: {_EXAMPLES[wanted[-1]]}}}",
            ),
            remove=False,
        )
    elif wanted is not None and len(wanted) > 1 and said.issuperset(wanted):
        yield _told(
            pairs,
            "lr_scheduler_kwargs",
            f"training: in lr_scheduler_kwargs {' and '.join(wanted)} exclude each other",
            f"training：lr_scheduler_kwargs 中的 {' 和 '.join(wanted)} 只能写一个",
            _KEEP_ONE,
            remove=False,
        )


_EXAMPLES = {"min_lr_rate": "0.1", "num_decay_steps": "100"}


def _of_layers(pairs: Pairs, given: Given) -> Iterator[ConfigProblem]:
    """LoraConfig takes layers only beside a list of modules; qtune's own default is a word, all-linear."""
    word = isinstance(given.get("target_modules", "all-linear"), str)
    for key in ("layers_to_transform", "layers_pattern"):
        if given.get(key) is not None and word:
            yield _told(
                pairs,
                key,
                f"lora: {key} needs target_modules as a list of names",
                f"lora：使用 {key} 时，target_modules 必须是名称列表",
                Text(
                    "For example target_modules: [q_proj, v_proj]",
                    "例如 target_modules: [q_proj, v_proj]",
                ),
                remove=False,
            )
    if given.get("layers_pattern") and given.get("layers_to_transform") is None and not word:
        yield _told(
            pairs,
            "layers_pattern",
            "lora: layers_pattern needs layers_to_transform",
            "lora：使用 layers_pattern 时，必须写 layers_to_transform",
            Text("Name the layers, or remove it.", "请写明层号，或删除它。"),
            remove=True,
        )
    if given.get("lora_bias") and isinstance(given.get("init_lora_weights"), str):
        yield _told(
            pairs,
            "lora_bias",
            "lora: lora_bias goes only with init_lora_weights: true or false",
            "lora：lora_bias 只能与 init_lora_weights: true 或 false 一起使用",
            Text("Remove one of them.", "请删除其中一个。"),
            remove=True,
        )

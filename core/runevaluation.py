"""When a run evaluates: the fields of `training:` that agree with each other and with what there is to evaluate on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from qtune.core.runedits import Replacement, removal
from qtune.core.runproblems import ConfigProblem
from qtune.core.runvalues import RunConfig
from qtune.core.text import Text
from qtune.core.yamltree import Leaf, Tree

Pairs = Mapping[str, tuple[Leaf, Tree]]
Given = Mapping[str, object]

_SOMETHING = Text(
    "Name eval_data, or write eval_share: 0.05 to keep a part of the training rows for it.",
    "请写 eval_data，或写 eval_share: 0.05，从训练数据中留出一部分用于评估。",
)
_MATCH = Text(
    "Write the same strategy for both, and save_steps as a multiple of eval_steps.",
    "请让两者的策略一致，并使 save_steps 为 eval_steps 的整数倍。",
)
# Fields that only an evaluation gives a meaning.
_OF_EVALUATION = (
    "eval_steps",
    "eval_delay",
    "eval_on_start",
    "metric_for_best_model",
    "greater_is_better",
    "load_best_model_at_end",
)
_LOSSES = ("loss", "eval_loss")
_FINE = 1_000_000  # shares are compared as transformers does


def completed(config: RunConfig, given: Given) -> RunConfig:
    """Defaults that follow from what was given: a best model is one that was both evaluated and saved."""
    training = dict(config.training)
    if "eval_steps" in training and "eval_steps" not in given and _keeps_best(training):
        training["eval_steps"] = training["save_steps"]
    save = training["save_strategy"]
    if "eval_strategy" in training and "eval_strategy" not in given and _keeps_best(training):
        training["eval_strategy"] = save if save == "epoch" else "steps"
    size, least = training["per_device_train_batch_size"], 2 if config.method == "kto" else 1
    if "per_device_eval_batch_size" in training and "per_device_eval_batch_size" not in given:
        training["per_device_eval_batch_size"] = size if isinstance(size, int) else least
    return dataclasses.replace(config, training=training)


def _keeps_best(training: Given) -> bool:
    return bool(training.get("load_best_model_at_end")) and training["save_strategy"] != "best"


def contradictions(config: RunConfig, pairs: Pairs, given: Given) -> Iterator[ConfigProblem]:
    """`given` are the usable values of `training:`, `pairs` all that stands in it."""
    training = completed(config, given).training
    if not (config.eval_data or config.eval_share):
        yield from _of_nothing(pairs, given)
        return
    if training["eval_strategy"] == "no":
        yield from _of_silence(pairs, given)
        return
    if training.get("load_best_model_at_end"):
        yield from _of_best(pairs, training)
    metric = given.get("metric_for_best_model")
    if config.method in ("sft", "pt") and metric is not None and metric not in _LOSSES:
        value = pairs["metric_for_best_model"][1]
        yield ConfigProblem(
            "CFG007",
            Text(
                f"training.metric_for_best_model: {metric!r} is none of: loss, eval_loss",
                f"training.metric_for_best_model：{metric!r} 不在可选项里：loss, eval_loss",
            ),
            value.mark,
            edit=Replacement(value.mark, "eval_loss"),
        )
    if given.get("save_strategy") == "best" and metric is None and not _keeps(training):
        yield _told(
            pairs,
            "save_strategy",
            "save_strategy best needs metric_for_best_model",
            "save_strategy 为 best 时，必须写 metric_for_best_model",
            Text(
                "For example metric_for_best_model: eval_loss",
                "例如 metric_for_best_model: eval_loss",
            ),
        )


def _keeps(training: Given) -> bool:
    return bool(training.get("load_best_model_at_end"))


def _of_nothing(pairs: Pairs, given: Given) -> Iterator[ConfigProblem]:
    """An evaluation is wanted, and there are no rows for it."""
    for key, word in (
        ("eval_strategy", None),
        ("save_strategy", "best"),
        ("lr_scheduler_type", "reduce_lr_on_plateau"),
        ("lr_scheduler_type", "greedy"),
    ):
        value = given.get(key, "no")
        if (word is None and value != "no") or (word is not None and value == word):
            yield _told(
                pairs,
                key,
                f"{key} {value} needs rows to evaluate on",
                f"{key} 为 {value} 时，必须有评估数据",
                _SOMETHING,
            )
    for key in _OF_EVALUATION:
        if given.get(key) and "eval_strategy" not in given:
            yield _told(
                pairs,
                key,
                f"{key} needs rows to evaluate on",
                f"使用 {key} 时，必须有评估数据",
                _SOMETHING,
                remove=True,
            )


def _of_silence(pairs: Pairs, given: Given) -> Iterator[ConfigProblem]:
    """There are rows to evaluate on, and eval_strategy is no."""
    yield dataclasses.replace(
        _told(
            pairs,
            "eval_strategy",
            "eval_strategy no: eval_data and eval_share are kept from training and never looked at",
            "eval_strategy 为 no：eval_data 和 eval_share 既不参与训练，也不会被评估",
            Text("Remove one of them.", "请删除其中一个。"),
            remove=True,
        ),
        severity="warning",
    )
    for key, word in (("save_strategy", "best"), ("load_best_model_at_end", True)):
        if given.get(key) == word:
            yield _told(
                pairs,
                key,
                f"{key} needs an evaluation, which eval_strategy no turns off",
                f"{key} 依赖评估，而 eval_strategy 为 no",
                Text("Remove one of them.", "请删除其中一个。"),
            )
    for name in ("reduce_lr_on_plateau", "greedy"):
        if given.get("lr_scheduler_type") == name:
            yield _told(
                pairs,
                "lr_scheduler_type",
                f"lr_scheduler_type {name} needs an evaluation, which eval_strategy no turns off",
                f"lr_scheduler_type 为 {name} 时依赖评估，而 eval_strategy 为 no",
                Text("Remove one of them.", "请删除其中一个。"),
            )


def _of_best(pairs: Pairs, training: Given) -> Iterator[ConfigProblem]:
    """The best model is found by evaluating, and loaded from a checkpoint of that very step."""
    save, evaluate = training["save_strategy"], training["eval_strategy"]
    if save == "best":
        return
    if save != evaluate:
        yield _told(
            pairs,
            "load_best_model_at_end",
            f"load_best_model_at_end needs a checkpoint for each evaluation: save_strategy is {save}, "
            f"eval_strategy {evaluate}",
            f"load_best_model_at_end 要求每次评估都有检查点：save_strategy 是 {save}，eval_strategy 是 {evaluate}",
            _MATCH,
        )
        return
    every, each = training.get("save_steps"), training.get("eval_steps")
    if save != "steps" or not isinstance(every, int | float) or not isinstance(each, int | float):
        return
    mixed = (every < 1) != (each < 1)
    if mixed or (every * _FINE) % (each * _FINE) != 0:
        yield _told(
            pairs,
            "load_best_model_at_end",
            f"load_best_model_at_end needs save_steps ({every}) as a multiple of eval_steps ({each})",
            f"load_best_model_at_end 要求 save_steps（{every}）是 eval_steps（{each}）的整数倍",
            _MATCH,
        )


def _told(
    pairs: Pairs, key: str, en: str, zh: str, fix: Text, *, remove: bool = False
) -> ConfigProblem:
    name, value = pairs[key]
    edit = removal(name.mark, value.mark) if remove else None
    return ConfigProblem(
        "CFG010", Text(f"training: {en}", f"training：{zh}"), name.mark, fix, edit=edit
    )

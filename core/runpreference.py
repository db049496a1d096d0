"""`preference:` of a run config: the numbers of dpo, kto and reward, checked against TRL's own fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qtune.core import rundefaults
from qtune.core.runcontradictions import changed
from qtune.core.runedits import removal
from qtune.core.runproblems import ConfigProblem
from qtune.core.runreader import Reader
from qtune.core.runschema import OF_PREFERENCE
from qtune.core.text import Text
from qtune.core.yamltree import Leaf, Table, Tree

Pairs = Mapping[str, tuple[Leaf, Tree]]
Given = Mapping[str, object]

_WITH_DIVERGENCE = frozenset(
    {"sigmoid", "sigmoid_norm", "hinge", "ipo", "exo_pair", "robust", "discopop", "sft"}
)
_KEEP_ONE = Text("Keep one of them.", "请只保留一个。")


def read(reader: Reader, method: str) -> dict[str, object]:
    if method in OF_PREFERENCE:
        return reader.section("preference", rundefaults.preference(method), method)
    tree = reader.take("preference")
    said = tree is not None and not (isinstance(tree, Table) and not tree.pairs)
    if said and tree is not None and not changed(reader.entries, "method", "preference"):
        key = reader.entries["preference"][0]
        reader.say(
            "CFG010",
            key.mark,
            Text(
                f"preference: belongs to dpo, kto and reward, and method is {method}",
                f"preference: 用于 dpo、kto 和 reward，而 method 是 {method}",
            ),
            Text(
                "Remove it, or write method: dpo, kto or reward.",
                "请删除它，或把 method 改为 dpo、kto 或 reward。",
            ),
            removal(key.mark, tree.mark),
        )
    return {}


def contradictions(pairs: Pairs, given: Given, *, trains_all: bool) -> Iterator[ConfigProblem]:
    """What TRL's trainers refuse, most of it after the model is loaded."""
    losses = given.get("loss_type", "sigmoid")
    names = set(losses) if isinstance(losses, list) else {str(losses)}
    weights = given.get("loss_weights")
    if isinstance(weights, list) and len(weights) != len(names):
        yield _told(
            pairs,
            "loss_weights",
            f"one weight for each loss: {len(weights)} for {len(names)}",
            f"每个损失一个权重：写了 {len(weights)} 个权重、{len(names)} 个损失",
            Text("Write as many as loss_type has.", "数量要与 loss_type 一致。"),
        )
    other = sorted(names - _WITH_DIVERGENCE)
    if other and given.get("f_divergence_type", "reverse_kl") != "reverse_kl":
        yield _told(
            pairs,
            "f_divergence_type",
            f"loss_type {other[0]} goes only with f_divergence_type: reverse_kl",
            f"loss_type 为 {other[0]} 时，f_divergence_type 只能是 reverse_kl",
            _KEEP_ONE,
        )
    if given.get("use_weighting") and names & {"aot", "aot_unpaired"}:
        yield _told(
            pairs,
            "use_weighting",
            "loss_type aot sorts the rows of a batch, and use_weighting weighs them one by one",
            "loss_type aot 会对一批数据排序，与逐条加权的 use_weighting 冲突",
            _KEEP_ONE,
        )
    if "exo_pair" in names and not given.get("label_smoothing"):
        yield _told(
            pairs,
            "loss_type",
            "loss_type exo_pair needs label_smoothing above 0",
            "loss_type 为 exo_pair 时，label_smoothing 必须大于 0",
            Text("For example label_smoothing: 0.001", "例如 label_smoothing: 0.001"),
        )
    if given.get("sync_ref_model"):
        yield from _of_moving(pairs, given, trains_all=trains_all)


def _of_moving(pairs: Pairs, given: Given, *, trains_all: bool) -> Iterator[ConfigProblem]:
    """A reference that follows the model needs to be a model of its own."""
    if not trains_all:
        yield _told(
            pairs,
            "sync_ref_model",
            "sync_ref_model needs a second model, and with an adapter the model without it is the reference",
            "sync_ref_model 需要另一份模型，而使用适配器时参考模型就是去掉适配器的模型本身",
            Text("Remove it, or write tuning: full.", "请删除它，或写 tuning: full。"),
        )
    elif given.get("precompute_ref_log_probs"):
        yield _told(
            pairs,
            "sync_ref_model",
            "sync_ref_model moves the reference, and precompute_ref_log_probs asks it once, before",
            "sync_ref_model 会更新参考模型，而 precompute_ref_log_probs 只在训练前计算一次",
            _KEEP_ONE,
        )


def _told(pairs: Pairs, key: str, en: str, zh: str, fix: Text) -> ConfigProblem:
    name, _ = pairs[key]
    return ConfigProblem("CFG010", Text(f"preference: {en}", f"preference：{zh}"), name.mark, fix)

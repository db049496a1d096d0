"""Values at several places of a run config that exclude each other: the method, its data, its tuning, its evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qtune.core import runadapters, runevaluation, runpreference
from qtune.core.runedits import Replacement, removal
from qtune.core.runproblems import ConfigProblem
from qtune.core.runreader import Reader
from qtune.core.runschema import OF_PREFERENCE
from qtune.core.runvalues import RunConfig
from qtune.core.text import Text
from qtune.core.yamltree import Leaf, Listing, Table, Tree

Pairs = Mapping[str, tuple[Leaf, Tree]]

_KEEP_ONE = Text("Keep one of them.", "请只保留一个。")
_ANSWERS = ("messages", "sharegpt", "alpaca", "prompt-completion")
# The formats whose rows a method can learn from; core.data.fitting says the same of single rows.
LEARNT = {
    "sft": ("auto", *_ANSWERS),
    "pt": ("auto", "text", *_ANSWERS),
    "dpo": ("auto", "preference"),
    "reward": ("auto", "preference"),
    "kto": ("auto", "kto", "preference"),
}


def disagreements(read: Reader, config: RunConfig) -> Iterator[ConfigProblem]:
    training = _pairs(read.entries, "training")
    given = read.given["training"]
    yield from runevaluation.contradictions(config, training, given)
    yield from runadapters.contradictions(
        _pairs(read.entries, "lora"), read.given["lora"], dora=config.tuning == "dora"
    )
    if config.method in OF_PREFERENCE:
        yield from runpreference.contradictions(
            _pairs(read.entries, "preference"),
            read.given["preference"],
            trains_all=config.tuning == "full",
        )
        yield from _of_packing(read, config)
    if config.method not in ("sft", "pt"):
        yield from _of_grouping(training, config)
    if config.method == "kto":
        yield from _of_kto(training, config)
    yield from _of_spreading(read, config)
    yield from _of_streaming(read, config)
    yield from _of_formats(read, config)
    yield from _of_evaluation(read, config)


def _pairs(entries: Pairs, key: str) -> Pairs:
    tree = entries[key][1] if key in entries else None
    return (
        {name.text: (name, value) for name, value in tree.pairs} if isinstance(tree, Table) else {}
    )


def _of_packing(read: Reader, config: RunConfig) -> Iterator[ConfigProblem]:
    if config.packing != "true":
        return
    key, value = read.entries["packing"]
    yield ConfigProblem(
        "CFG010",
        Text(
            f"packing: rows of {config.method} are compared with each other, and cannot share a sequence",
            f"packing：{config.method} 的数据要互相比较，不能拼进同一条序列",
        ),
        key.mark,
        Text("Write packing: auto, or remove it.", "请写 packing: auto，或删除它。"),
        edit=removal(key.mark, value.mark),
    )


def _of_spreading(read: Reader, config: RunConfig) -> Iterator[ConfigProblem]:
    """What a model that is shared among GPUs cannot do."""
    if config.distributed != "fsdp":
        return
    key, value = read.entries["distributed"]
    told: list[Text] = []
    if config.tuning == "qlora":
        told.append(
            Text(
                "distributed: fsdp shares out whole weights, and tuning: qlora has them in 4 bits",
                "distributed: fsdp 切分的是完整权重，而 tuning: qlora 的权重是 4 位的",
            )
        )
    if config.training.get("load_best_model_at_end"):
        told.append(
            Text(
                "load_best_model_at_end loads a whole model, and distributed: fsdp has it in parts",
                "load_best_model_at_end 要加载完整模型，而 distributed: fsdp 的模型是切分开的",
            )
        )
    for message in told:
        fix = Text(
            "Write distributed: ddp, or remove the other.", "请写 distributed: ddp，或删除另一项。"
        )
        yield ConfigProblem("CFG010", message, key.mark, fix, edit=Replacement(value.mark, "ddp"))


def _of_streaming(read: Reader, config: RunConfig) -> Iterator[ConfigProblem]:
    """What needs the lengths of all rows before the first step."""
    if not config.streaming:
        return
    if config.packing == "true":
        yield ConfigProblem(
            "CFG010",
            Text(
                "packing: true lays rows together by the lengths of all, which streaming does not know",
                "packing: true 要先知道全部数据的长度，而 streaming 不会预先读完",
            ),
            read.entries["packing"][0].mark,
            Text(
                "Write packing: auto, or remove streaming.",
                "请写 packing: auto，或删除 streaming。",
            ),
        )
    training = _pairs(read.entries, "training")
    if read.given["training"].get("train_sampling_strategy") == "group_by_length":
        yield _told(
            training,
            "train_sampling_strategy",
            "group_by_length needs the lengths of all rows, which streaming does not know",
            "group_by_length 要先知道全部数据的长度，而 streaming 不会预先读完",
            Text("Remove it.", "请删除它。"),
            remove=True,
        )


def _of_grouping(training: Pairs, config: RunConfig) -> Iterator[ConfigProblem]:
    """A pair has two lengths; and the order would be drawn anew by a run that goes on."""
    if config.method == "kto" and config.preference.get("loss_type", "kto") == "kto":
        return  # _of_kto says more
    if config.training.get("train_sampling_strategy") == "group_by_length":
        yield _told(
            training,
            "train_sampling_strategy",
            f"group_by_length is for sft and pt; the rows of {config.method} have no one length",
            f"group_by_length 只用于 sft 和 pt；{config.method} 的一条数据不止一个长度",
            Text("Remove it.", "请删除它。"),
            remove=True,
        )


def _of_kto(training: Pairs, config: RunConfig) -> Iterator[ConfigProblem]:
    """KTO's estimate of the KL divergence takes a row's neighbour in its batch."""
    if config.preference.get("loss_type", "kto") != "kto":
        return
    for key in ("per_device_train_batch_size", "per_device_eval_batch_size"):
        if key in training and config.training.get(key) == 1:
            yield _told(
                training,
                key,
                f"kto compares the rows of a batch with each other, and {key} 1 has none to compare",
                f"kto 要在同一批内互相比较，{key} 为 1 时无从比较",
                Text("Write 2 or more.", "请写 2 或更大。"),
            )
    if config.training.get("train_sampling_strategy", "sequential") != "sequential":
        yield _told(
            training,
            "train_sampling_strategy",
            "kto compares each row with its neighbour, and needs train_sampling_strategy: sequential",
            "kto 把每条数据与相邻的一条比较，train_sampling_strategy 必须是 sequential",
            Text("Remove it.", "请删除它。"),
            remove=True,
        )


def _told(
    pairs: Pairs, key: str, en: str, zh: str, fix: Text, *, remove: bool = False
) -> ConfigProblem:
    name, value = pairs[key]
    edit = removal(name.mark, value.mark) if remove else None
    return ConfigProblem(
        "CFG010", Text(f"training: {en}", f"training：{zh}"), name.mark, fix, edit=edit
    )


def _of_formats(read: Reader, config: RunConfig) -> Iterator[ConfigProblem]:
    taken = LEARNT[config.method]
    for key in ("data", "eval_data"):
        for item in _items(read.entries, key):
            pairs = {name.text: value for name, value in item.pairs}
            value = pairs.get("format")
            if isinstance(value, Leaf) and value.text not in taken and value.text in _ALL:
                listed = ", ".join(taken)
                yield ConfigProblem(
                    "CFG010",
                    Text(
                        f"{key}: method {config.method} does not learn from format {value.text}",
                        f"{key}：method {config.method} 不能使用 {value.text} 格式的数据",
                    ),
                    value.mark,
                    Text(f"It takes: {listed}.", f"可用的格式：{listed}。"),
                )


_ALL = frozenset(word for words in LEARNT.values() for word in words)


def _items(entries: Pairs, key: str) -> Iterator[Table]:
    tree: Tree | None = entries[key][1] if key in entries else None
    for item in tree.items if isinstance(tree, Listing) else (tree,):
        if isinstance(item, Table):
            yield item


def _of_evaluation(read: Reader, config: RunConfig) -> Iterator[ConfigProblem]:
    if config.eval_data and config.eval_share:
        key, value = read.entries["eval_share"]
        yield ConfigProblem(
            "CFG010",
            Text(
                "eval_data and eval_share exclude each other: each says what to evaluate on",
                "eval_data 和 eval_share 只能写一个：两者都在指定评估数据",
            ),
            key.mark,
            _KEEP_ONE,
            edit=removal(key.mark, value.mark),
        )
    same = set(config.data) & set(config.eval_data)
    if same:
        key, _ = read.entries["eval_data"]
        name = min(str(source.path) for source in same)
        yield ConfigProblem(
            "CFG010",
            Text(
                f"eval_data: {name} is what the model learns from, so that its loss tells nothing",
                f"eval_data：{name} 就是训练数据，用它评估说明不了问题",
            ),
            key.mark,
            Text(
                "Name other rows or another split, or write eval_share in its place.",
                "请换成别的数据或 split，或改用 eval_share。",
            ),
        )

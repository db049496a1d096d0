"""What a run will do, told without the network and without torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from qtune.commands import needs
from qtune.core.amounts import size
from qtune.core.data.places import is_absent
from qtune.core.download import offline
from qtune.core.download.store import HubCache
from qtune.core.locations import hub_cache
from qtune.core.runconfig import DataSource, RunConfig
from qtune.core.rundefaults import QUICKSTART
from qtune.core.secret import redact
from qtune.core.settings import Settings
from qtune.core.sources import choose
from qtune.core.text import Lang, Text, plain
from qtune.doctor.report.layout import WIDEST_TEXT, pad, wrap
from qtune.train import checkpoints, data, quickstart, shares
from qtune.train.data import Seen
from qtune.train.gang import ALONE, Gang, batch
from qtune.train.plan import plan

_LABELS = 8  # cells, the blanks behind a label counted


def lines(
    config: RunConfig, settings: Settings, seen: Seen | None, gang: Gang = ALONE
) -> Iterator[tuple[Text, list[Text]]]:
    """(label, what there is to say), in the order in which the run does it.

    `seen` passed `data.judge`; None where some of the data is not on this machine yet.
    """
    yield Text("model", "模型"), _model(config, settings)
    yield Text("data", "数据"), _data(config, seen)
    yield Text("method", "方法"), [plain(_method(config))]
    if seen is not None and seen.whole:
        yield Text("steps", "步数"), _steps(config, shares.trained(config, seen), gang)
    if config.eval_data or config.eval_share:
        yield Text("eval", "评估"), _evaluation(config)
    if told := _memory(config, settings):
        yield Text("memory", "显存"), told
    yield Text("output", "输出"), _output(config.output_dir)


def shown(told: Iterable[tuple[Text, Iterable[Text]]], lang: Lang, width: int) -> Iterator[str]:
    """Labels on the left, and beside them what there is to say, in lines of at most `width` cells.

    What begins with blanks stands below another line, and so does all of it.
    """
    for label, sentences in told:
        head = label.to(lang)
        for sentence in sentences:
            words = redact(sentence.to(lang))
            inner = len(words) - len(words.lstrip(" "))
            for line in wrap(words, max(20, min(width, WIDEST_TEXT) - _LABELS - inner)):
                yield pad(head, _LABELS) + " " * inner + line
                head = ""


def _model(config: RunConfig, settings: Settings) -> list[Text]:
    if config.model == QUICKSTART:
        here = quickstart.snapshot().is_dir()
        built = (
            Text("built already", "已生成") if here else Text("will be built here", "将在本机生成")
        )
        return [
            Text(f"quickstart, a tiny Qwen3: {built.en}", f"quickstart（极小的 Qwen3）：{built.zh}")
        ]
    if config.model_path is not None:
        return [Text(f"{config.model_path} (a local folder)", f"{config.model_path}（本地文件夹）")]
    choice = choose(settings)
    found = _cached(config, settings)
    if isinstance(found, offline.Cached):
        amount = size(found.size)
        return [
            Text(
                f"{config.model}: in the cache, {amount} (commit {found.commit[:12]})",
                f"{config.model}：已在缓存中，{amount}（commit {found.commit[:12]}）",
            )
        ]
    others = [source.title for source in choice.others]
    source = Text(
        f"to be downloaded from {choice.source.title}: {choice.reason.en}",
        f"将从 {choice.source.title} 下载：{choice.reason.zh}",
    )
    after = Text(f"if that fails: {', '.join(others)}", f"失败时改用：{'、'.join(others)}")
    missing = Text(
        f"{len(found.missing)} files of an earlier download are missing",
        f"此前下载的内容还缺 {len(found.missing)} 个文件",
    )
    told = [plain(config.model), source]
    return told + ([after] if others else []) + ([missing] if found.missing else [])


def _cached(config: RunConfig, settings: Settings) -> offline.Cached | offline.Lacking:
    cache = HubCache(hub_cache(settings), config.model, links=True)
    return offline.look(cache, choose(settings).source, offline.Wanted(config.model))


def _memory(config: RunConfig, settings: Settings) -> list[Text]:
    """Of a model that is on this machine; quickstart's is too small to speak of."""
    if config.model == QUICKSTART:
        return []
    if config.model_path is not None:
        return needs.memory(config, settings, config.model_path)
    found = _cached(config, settings)
    return needs.memory(config, settings, found.path) if isinstance(found, offline.Cached) else []


def _data(config: RunConfig, seen: Seen | None) -> list[Text]:
    told = [_source(source) for source in config.data]
    if seen is None:
        return told
    usable, bad = sum(seen.sources), len(seen.bad)
    count = Text(_count(usable, "row"), f"{usable} 条")
    if bad:
        count = Text(f"{count.en}, {bad} cannot be used", f"{count.zh}，另有 {bad} 条不可用")
    if not seen.whole:
        count = Text(
            f"streaming; of the rows that were looked at: {count.en}",
            f"流式读取；已查看的数据中：{count.zh}",
        )
    used = shares.trained(config, seen)
    if seen.whole and used != usable:
        count = Text(f"{count.en}; {used} an epoch", f"{count.zh}；每轮训练 {used} 条")
    return [*told, count, *data.report(seen)]


def _source(source: DataSource) -> Text:
    if is_absent(source):
        return Text(f"{source.repo_id}: to be downloaded", f"{source.repo_id}：将下载")
    if source.repo_id:
        count = len(data.files_of(source))
        return Text(
            f"{source.repo_id}: in the cache, {_count(count, 'file')} of split {source.split}",
            f"{source.repo_id}：已在缓存中，{source.split} 划分有 {count} 个文件",
        )
    if source.path.is_dir():
        count = len(data.files_of(source))
        return Text(f"{source.path} ({_count(count, 'file')})", f"{source.path}（{count} 个文件）")
    return plain(", ".join(str(path) for path in data.files_of(source)))


def _method(config: RunConfig) -> str:
    shown = ("r", "lora_alpha", "target_modules")
    told = [config.method, "·", config.tuning]
    told += [f"{key}={config.lora[key]}" for key in shown if key in config.lora]
    told += [f"{key}={value}" for key, value in config.preference.items()]
    return " ".join(told)


def _evaluation(config: RunConfig) -> list[Text]:
    """On what and how often."""
    strategy, each = config.training.get("eval_strategy"), config.training.get("eval_steps")
    on = [_source(source) for source in config.eval_data] or [
        Text(
            f"{config.eval_share:.3g} of the rows, kept out of training",
            f"数据的 {config.eval_share:.3g}，不参与训练",
        )
    ]
    if strategy == "no":
        return [*on, Text("never: eval_strategy is no", "不评估：eval_strategy 为 no")]
    if strategy == "epoch":
        return [*on, Text("after each epoch", "每轮之后评估")]
    if isinstance(each, float) and each < 1:
        return [*on, Text(f"each {each:.3g} of the steps", f"每完成总步数的 {each:.3g} 评估一次")]
    return [*on, Text(f"every {each} steps", f"每 {each} 步评估一次")]


def _steps(config: RunConfig, examples: int, gang: Gang) -> list[Text]:
    planned = plan(config, examples, gang.size)
    rate = config.training.get("learning_rate")
    return [
        Text(
            f"{planned.steps} ({planned.steps_per_epoch} an epoch × {_count(planned.epochs, 'epoch')}, "
            f"{_count(planned.batch, 'row')} a step)",
            f"{planned.steps}（每轮 {planned.steps_per_epoch} 步 × {planned.epochs:g} 轮，"
            f"每步 {planned.batch} 条）",
        ),
        Text(
            f"learning_rate={rate}, warmup {_count(planned.warmup_steps, 'step')}, "
            f"{_count(planned.checkpoints, 'checkpoint')} kept",
            f"learning_rate={rate}，预热 {planned.warmup_steps} 步，保留 {planned.checkpoints} 个检查点",
        ),
        *_processes(config, gang),
    ]


def _processes(config: RunConfig, gang: Gang) -> list[Text]:
    if gang.size == 1:
        return []
    told = [batch(config, gang.size)[0]]
    if gang.nodes > 1:
        told.append(
            Text(
                f"{gang.processes} on each of {gang.nodes} machines, which meet at {gang.endpoint}",
                f"{gang.nodes} 台机器各 {gang.processes} 个进程，在 {gang.endpoint} 会合",
            )
        )
    return told


def _count(number: float, thing: str) -> str:
    shown = f"{number:g}" if isinstance(number, float) else str(number)
    return f"{shown} {thing}" if number == 1 else f"{shown} {thing}s"


def _output(folder: Path) -> list[Text]:
    if checkpoints.exist(folder):
        return [
            Text(f"{folder} (goes on from its last checkpoint)", f"{folder}（从最近的检查点继续）")
        ]
    return [plain(str(folder))]

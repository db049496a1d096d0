"""What a check saw, in one line: the evidence behind "fine", for -v."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qtune.core import amounts
from qtune.core.hub.interface import Identity
from qtune.core.text import Text, plain
from qtune.doctor.facts import (
    Accelerator,
    ClientRoad,
    Dataset,
    Disk,
    EnvFile,
    Fact,
    Facts,
    Gate,
    Imports,
    Known,
    Listing,
    ModelFolder,
    Network,
    Packages,
    Reach,
    Resources,
    Sample,
    Speed,
    Tokens,
    TorchBuild,
    Unknown,
    Xet,
)
from qtune.doctor.report import glimpses
from qtune.doctor.wording import in_both


def seen(facts: Facts, check: str) -> Text:
    """The evidence of `check` (its name as in --list); what could not be looked at says why."""
    fact = fact_of(facts, check)
    if isinstance(fact, Unknown):
        return in_both(fact.detail) if fact.detail else plain(fact.reason)
    if not isinstance(fact, Known):
        return plain("")
    family = check.partition(".")[0]
    return _LINES[family](fact.value)


def went_well(facts: Facts, check: str) -> bool:
    """A check that was made may have seen that something is broken."""
    fact = fact_of(facts, check)
    value = fact.value if isinstance(fact, Known) else None
    return bool(getattr(value, "ok", getattr(value, "valid", True)))


def fact_of(facts: Facts, check: str) -> Fact[Any] | None:
    if facts.goal.kind == "check":
        return None  # its checks are called as the files are
    family, _, source = check.partition(".")
    value = getattr(facts, family, None)
    if not isinstance(value, Mapping):
        return value
    return next(
        (fact for name, fact in value.items() if (name.partition("://")[2] or name) == source), None
    )


def _envfile(value: EnvFile) -> Text:
    if not value.exists:
        return Text("there is none", "不存在")
    count = len(value.entries)
    entries = "1 entry" if count == 1 else f"{count} entries"
    mode = Text("", "")
    if value.mode is not None:
        mode = Text(f", mode {value.mode:o}", f"，权限 {value.mode:o}")
    return Text(f"{entries}{mode.en}, git: {value.git}", f"{count} 项{mode.zh}，git：{value.git}")


_MOST_NAMED = 3  # files of data


def _dataset(value: Dataset) -> Text:
    rows = sum(file.rows for file in value.files)
    whole = all(file.whole for file in value.files)
    count = Text(f"{rows} rows", f"{rows} 条") if rows != 1 else Text("1 row", "1 条")
    if not whole:
        count = Text(f"the first {count.en}", f"前 {count.zh}")
    if len(value.files) > _MOST_NAMED:
        many = len(value.files)
        return Text(f"{count.en} in {many} files", f"{many} 个文件：{count.zh}")
    files = ", ".join(file.path for file in value.files)
    return Text(f"{count.en} in {files}", f"{files}：{count.zh}")


def _packages(value: Packages) -> Text:
    named = [f"{name} {version}" for name, version in value.versions.items() if version]
    return plain(f"Python {value.python} · " + ", ".join(named))


def _disk(value: Disk) -> Text:
    free = amounts.size(value.cache.free)
    return Text(f"{free} free at {value.cache.path}", f"{value.cache.path} 剩余 {free}")


def _model(value: ModelFolder) -> Text:
    if not value.exists:
        return Text(f"{value.path}: not there", f"{value.path}：不存在")
    size = amounts.size(value.blobs)
    return Text(f"{size} in {value.path}", f"{value.path} 中有 {size}")


def _resources(value: Resources) -> Text:
    total, free = amounts.size(value.ceiling), amounts.size(value.available)
    return Text(f"{total} of RAM, {free} free", f"内存 {total}，可用 {free}")


def _imports(value: Imports) -> Text:
    if not value.tried:
        return Text("nothing to try", "无需尝试")
    return plain(", ".join(f"{name} {tried.error or 'ok'}" for name, tried in value.tried.items()))


def _accelerator(value: Accelerator) -> Text:
    if not value.gpus:
        return Text("no NVIDIA GPU", "没有 NVIDIA GPU")
    gpus = ", ".join(f"{gpu.name} ({amounts.size(gpu.memory_total)})" for gpu in value.gpus)
    driver = f" · driver {value.driver}" if value.driver else ""
    return Text(gpus + driver, gpus + driver.replace("driver", "驱动"))


def _torch(value: TorchBuild) -> Text:
    if not value.installed:
        return Text("not installed", "未安装")
    built = f"CUDA {value.cuda}" if value.cuda else f"ROCm {value.hip}" if value.hip else "CPU"
    devices = ", ".join(value.devices) or ("MPS" if value.mps else "CPU")
    number = value.tried.rpartition(" ")[2] if value.kernel == "ok" else ""
    done = Text(f", and computes in {number}", f"，已用 {number} 试算") if number else Text("", "")
    return Text(
        f"torch {value.version} for {built}, sees {devices}{done.en}",
        f"torch {value.version}（{built} 版），可用设备：{devices}{done.zh}",
    )


def _tokens(value: Tokens) -> Text:
    if not value.found:
        return Text("none", "没有")
    first = value.found[0]
    where = first.origin.describe()
    goes = Text("", "") if value.may_go else Text(", not sent there", "，不会发送到该地址")
    return Text(
        f"{first.masked} from {where.en}{goes.en}", f"{first.masked}，来自{where.zh}{goes.zh}"
    )


def _reach(value: Reach) -> Text:
    stages = " · ".join(
        f"{stage.name.replace('_', ' ')} {stage.took_ms if stage.ok else stage.kind}"
        for stage in value.stages
    )
    via = (
        Text(f" via {value.proxy.url}", f"，经代理 {value.proxy.url}") if value.proxy else plain("")
    )
    return Text(f"{value.host}{via.en}: {stages} (ms)", f"{value.host}{via.zh}：{stages}（毫秒）")


def _network(value: Network) -> Text:
    families = [name for name, there in (("IPv4", value.ipv4), ("IPv6", value.ipv6)) if there]
    if not families:
        return Text("no way out of this machine", "本机没有通往外部的路由")
    return Text(f"a route for {' and '.join(families)}", f"有 {'、'.join(families)} 路由")


def _client(value: ClientRoad) -> Text:
    if value.reach is None:
        return Text(
            f"{value.client} {value.version} goes there as qtune does",
            f"{value.client} {value.version} 的访问方式与 qtune 相同",
        )
    way = _reach(value.reach)
    return Text(
        f"{value.client} {value.version} (CA: {value.trusts}), {way.en}",
        f"{value.client} {value.version}（CA：{value.trusts}），{way.zh}",
    )


def _xet(value: Xet) -> Text:
    if value.reach is None:
        return Text("this model's files are not kept in Xet", "该模型的文件不在 Xet 中")
    return _reach(value.reach)


def _identity(value: Identity) -> Text:
    if not value.valid:
        return Text("the token is not accepted", "Token 不被接受")
    role = f" ({value.role})" if value.role else ""
    return plain(f"{value.name}{role}")


def _listing(value: Listing) -> Text:
    total, cached = amounts.size(value.bytes), amounts.size(value.cached_bytes)
    return Text(
        f"{value.files} files, {total}, of which {cached} in the cache",
        f"{value.files} 个文件，共 {total}，已缓存 {cached}",
    )


def _gate(value: Gate) -> Text:
    sent = (
        Text("with a token", "带 Token")
        if value.access.sent_token
        else Text("no token", "不带 Token")
    )
    return Text(
        f"{value.path}: {value.access.state.value} (HTTP {value.access.status}, {sent.en})",
        f"{value.path}：{value.access.state.value}（HTTP {value.access.status}，{sent.zh}）",
    )


def _speed(value: Speed) -> Text:
    def one(sample: Sample) -> str:
        if not sample.bytes:
            return sample.failure
        return f"{amounts.rate(sample.bytes_per_second)} × {sample.connections}"

    shown = " · ".join(one(sample) for sample in (value.single, value.several) if sample)
    return Text(
        f"{value.path} from {value.host}: {shown}", f"{value.path}（{value.host}）：{shown}"
    )


_LINES: dict[str, Callable[[Any], Text]] = {
    "envfile": _envfile,
    "dataset": _dataset,
    "packages": _packages,
    "disk": _disk,
    "model": _model,
    "resources": _resources,
    "imports": _imports,
    "accelerator": _accelerator,
    "torch": _torch,
    "tokens": _tokens,
    "network": _network,
    "reach": _reach,
    "clients": _client,
    "xet": _xet,
    "identity": _identity,
    "listing": _listing,
    "gate": _gate,
    "storage": _reach,
    "speed": _speed,
    **glimpses.LINES,
}

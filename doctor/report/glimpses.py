"""What the smaller checks saw, in one line each: those about tokens lying about, the cache and second looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from qtune.core.text import Text, plain
from qtune.doctor.facts import (
    CachedSnapshot,
    Dotenvs,
    Leaks,
    ProcessVariables,
    SecretFiles,
    Sibling,
)


def _dotenvs(value: Dotenvs) -> Text:
    if not value.tokens:
        return Text("no token in another .env", "其他 .env 中没有 Token")
    return plain(", ".join(f"{line.key}: {line.path}" for line in value.tokens))


def _secretfiles(value: SecretFiles) -> Text:
    if not value.files:
        return Text("no login is stored", "没有保存的登录凭据")
    return plain(", ".join(f"{file.path} ({file.mode:o})" for file in value.files))


def _leaks(value: Leaks) -> Text:
    count = len(value.found) + value.more
    if not count:
        return Text("no token in what git keeps", "git 管理的文件中没有 Token")
    return Text(f"{count} in what git keeps", f"git 管理的文件中有 {count} 处")


def _variables(value: ProcessVariables) -> Text:
    if not value.names:
        return Text("none that the libraries gave up", "没有已被弃用的变量")
    return plain(", ".join(value.names))


def _snapshot(value: CachedSnapshot) -> Text:
    if value.whole:
        return Text("whole in the cache", "缓存中已完整")
    if not value.missing:
        return Text("not in the cache", "不在缓存中")
    count = len(value.missing)
    return Text(f"{count} files are not in the cache", f"缓存中缺少 {count} 个文件")


def _sibling(value: Sibling) -> Text:
    host = urlsplit(value.endpoint).netloc
    if not value.ok:
        return Text(f"{host}: no answer either", f"{host}：同样没有响应")
    if not value.has_model:
        return Text(f"{host} answers, without the model", f"{host} 有响应，但没有该模型")
    return Text(f"{host} has the model", f"{host} 有该模型")


LINES: Mapping[str, Callable[[Any], Text]] = {
    "dotenvs": _dotenvs,
    "secretfiles": _secretfiles,
    "leaks": _leaks,
    "variables": _variables,
    "snapshot": _snapshot,
    "sibling": _sibling,
}

"""Settings: every key of the table with its value and where that value came from."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from qtune.core.envfile import EXPANDABLE, EnvDocument, swallowed
from qtune.core.errors import ConfigError
from qtune.core.origin import DEFAULT, Level, Origin
from qtune.core.secret import Secret, mask, redact
from qtune.core.table import BY_KEY, BY_NAME, TABLE, Setting
from qtune.core.text import Text

TRUE = frozenset({"true", "1", "yes", "on", "y", "t"})
FALSE = frozenset({"false", "0", "no", "off", "n", "f"})


@dataclass(frozen=True)
class Value:
    """One setting's text as it was written, and its origin. `problem`: why the text cannot be used."""

    setting: Setting
    text: str
    origin: Origin
    problem: Text | None = None

    @property
    def shown(self) -> str:
        if not self.setting.secret or not self.text:
            return redact(self.text)
        if not self.setting.key.endswith("_PROXY"):
            return mask(self.text)
        scheme, separator, address = self.text.rpartition("://")
        _, at, host = address.rpartition("@")
        return redact(f"{scheme}{separator}…@{host}" if at else self.text)


@dataclass(frozen=True)
class Settings:
    """Resolved once per command; read by everything below it.

    A value that cannot be used keeps its `problem`, and its default takes effect: the doctor reports
    it as ENV805, `require_valid` turns it into an error for commands that act.
    """

    values: Mapping[str, Value]
    envfile: EnvDocument | None = None
    shadowed: tuple[Value, ...] = ()

    def __getitem__(self, key: str) -> Value:
        return self.values[key]

    def __iter__(self) -> Iterator[Value]:
        return iter(self.values.values())

    def _usable(self, key: str) -> str:
        value = self.values[key]
        return value.setting.default if value.problem is not None else value.text

    def text(self, key: str) -> str:
        return self._usable(key)

    def flag(self, key: str) -> bool:
        return self._usable(key).lower() in TRUE

    def number(self, key: str) -> int:
        return int(self._usable(key))

    def items(self, key: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self._usable(key).split(",") if part.strip())

    def path(self, key: str) -> Path | None:
        """With `~` and `$HOME` filled in, as huggingface_hub does it; of the environment no more than that."""
        text = self._usable(key)
        return Path(os.path.expanduser(_fill(text))) if text else None  # noqa: PTH111 (keeps `~nobody`)

    def secret(self, key: str) -> Secret | None:
        text = self._usable(key)
        return Secret(text) if text else None

    def origin(self, key: str) -> Origin:
        return self.values[key].origin

    def is_set(self, key: str) -> bool:
        return self.values[key].origin.level is not Level.DEFAULT

    def require_valid(self) -> None:
        """Raises ConfigError (ENV805) that names every unusable value and where it stands."""
        bad = [value for value in self if value.problem is not None]
        if not bad:
            return
        lines_en = [
            f"{v.setting.key} ({v.origin.describe().en}): {_text(v.problem).en}" for v in bad
        ]
        lines_zh = [
            f"{v.setting.key}（{v.origin.describe().zh}）：{_text(v.problem).zh}" for v in bad
        ]
        raise ConfigError(
            "ENV805",
            Text("\n".join(lines_en), "\n".join(lines_zh)),
            Text("Correct the value, or remove the line.", "请改正该值，或删除这一行。"),
        )


def _fill(text: str) -> str:
    """`$NAME` and `${NAME}` for the harmless names only: a path is shown, and may be sent."""
    return re.sub(
        r"\$(\w+|\{\w+\})",
        lambda m: (
            os.environ.get(m[1].strip("{}"), m[0]) if m[1].strip("{}") in EXPANDABLE else m[0]
        ),
        text,
    )


def _text(problem: Text | None) -> Text:
    assert problem is not None
    return problem


def resolve(
    flags: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    user: EnvDocument | None = None,
    project: EnvDocument | None = None,
) -> Settings:
    """flags > process environment > user's config > project's `.env` > defaults.

    An empty value counts as not set: `HF_TOKEN=` in `.env` means "no token here", as the FAQ has it.
    """
    layers = [
        _from_flags(flags or {}),
        _from_environ(environ or {}),
        _from_document(user, Level.USER),
        _from_document(project, Level.PROJECT),
    ]
    values: dict[str, Value] = {}
    shadowed: list[Value] = []
    for row in TABLE:
        found = [layer[row.key] for layer in layers if row.key in layer]
        for value in found:
            if row.secret:
                _register(row.key, value.text)
        if row.secret:
            # An older spelling may hold another token: it does not count, and is a secret all the same.
            for name in (row.key, *row.aliases):
                _register(row.key, (environ or {}).get(name, ""))
        values[row.key] = found[0] if found else Value(row, row.default, DEFAULT)
        shadowed += found[1:]
    for document in (user, project):
        for entry in document.entries if document else ():
            if entry.value and entry.looks_secret:
                _register(entry.key, entry.value)
            _register_swallowed(entry.value)
    return Settings(values, project, tuple(shadowed))


def _register(key: str, text: str) -> None:
    """Of a proxy's address only the user info is secret: the host is what a report must show."""
    if not key.upper().endswith("_PROXY"):
        Secret(text)
        return
    user_info = text.rpartition("://")[2].rpartition("@")[0]
    for part in (user_info, user_info.partition(":")[2]):
        Secret(part)


def _register_swallowed(text: str) -> None:
    for part in swallowed(text):
        Secret(part)


def _option(key: str) -> str:
    """As a command line has it."""
    return "--offline" if key == "HF_HUB_OFFLINE" else "--" + key.lower().replace("_", "-")


def _from_flags(flags: Mapping[str, str]) -> dict[str, Value]:
    """`flags` maps a key to its text."""
    return {
        key: _value(BY_KEY[key], text, Origin(Level.FLAG, _option(key)))
        for key, text in flags.items()
        if text
    }


def _from_environ(environ: Mapping[str, str]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for row in TABLE:
        # Where both cases of a proxy variable are set, clients take the lower one; for the others
        # the row's own name goes before its older spellings.
        lower_first = bool(row.aliases) and row.aliases[0] == row.key.lower()
        names = (*row.aliases, row.key) if lower_first else (row.key, *row.aliases)
        for name in names:
            if environ.get(name, "").strip():
                found[row.key] = _value(row, environ[name], Origin(Level.ENVIRON, name))
                break
    return found


def _from_document(document: EnvDocument | None, level: Level) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for entry in document.entries if document else ():
        row = BY_NAME.get(entry.key)
        if row is None:
            continue
        if row.key in found and found[row.key].origin.name == row.key != entry.key:
            continue  # an older spelling does not override the key's own name
        if entry.value.strip():
            assert document is not None
            origin = Origin(level, entry.key, document.path, entry.line)
            found[row.key] = _value(row, entry.value, origin)
        else:
            found.pop(row.key, None)  # the last line wins, also when it says "nothing"
    return found


def _value(row: Setting, text: str, origin: Origin) -> Value:
    text = text.strip()
    _register_swallowed(text)  # before the problem is worded, which shows a part of the text
    if row.key == "MODELSCOPE_ENDPOINT" and "://" not in text:
        text = f"https://{text}"  # as ModelScope's client and its MODELSCOPE_DOMAIN have it
    return Value(row, text, origin, problem_of(row, text))


def problem_of(row: Setting, text: str) -> Text | None:
    """Why `text` cannot be a value of this row, or None."""
    shown = _shown(text)
    if row.kind == "bool" and text.lower() not in TRUE | FALSE:
        return Text(f"{shown} is neither True nor False", f"{shown} 既不是 True 也不是 False")
    if row.kind == "int" and not (
        text.isascii() and text.isdigit() and row.minimum <= _number(text) <= row.maximum
    ):
        return Text(
            f"{shown} is not a whole number from {row.minimum} to {row.maximum}",
            f"{shown} 不是 {row.minimum} 到 {row.maximum} 之间的整数",
        )
    if row.kind == "choice" and text not in row.choices:
        listed = ", ".join(row.choices)
        return Text(f"{shown} is not one of {listed}", f"{shown} 不在可选值 {listed} 之中")
    if (
        row.key == "QTUNE_CONNECTIONS"
        and text != "auto"
        and not (text.isascii() and text.isdigit() and 1 <= _number(text) <= 256)
    ):
        return Text(
            f"{shown} is neither auto nor 1 to 256",
            f"{shown} 既不是 auto，也不是 1 到 256 的数字",
        )
    if row.kind == "url":
        return url_problem(text)
    return None


def _shown(text: str) -> str:
    text = redact(text)
    return repr(text if len(text) <= 100 else text[:100] + "…")


def _number(digits: str) -> int:
    return int(digits) if len(digits) <= 18 else 10**18  # Python refuses thousands of digits


def url_problem(text: str) -> Text | None:
    """Why `text` cannot be a hub's address. A missing scheme is not mended silently: clients differ."""
    shown = _shown(text)
    try:
        parts = urlsplit(text)
        port_ok = parts.port is None or parts.port > 0
    except ValueError:
        return Text(f"{shown} is not a URL", f"{shown} 不是有效的网址")
    if parts.scheme not in ("http", "https"):
        return Text(f"{shown} has no https:// in front", f"{shown} 前面缺少 https://")
    if (
        not parts.hostname
        or "=" in parts.netloc  # the next line, without the newline: it must not get into a look-up
        or not port_ok
        or any(c in " \"'<>\\^`{|}" or not c.isprintable() for c in text)
    ):
        return Text(f"{shown} is not a URL", f"{shown} 不是有效的网址")
    if parts.username is not None or parts.query or parts.fragment:
        # Addresses are shown, compared and used as names: nothing secret may be part of one.
        return Text(
            f"{shown} holds a password or a query; give the bare address",
            f"{shown} 中含有密码或查询参数，请只填写地址本身",
        )
    return None

"""Which hub serves: one pure function, asked by the doctor and by the run alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from qtune.core.amounts import rate
from qtune.core.errors import ConfigError
from qtune.core.origin import DEFAULT
from qtune.core.settings import Settings, url_problem
from qtune.core.text import Text

SourceKind = Literal["huggingface", "modelscope", "mirror"]

# A switch of hubs is worth recommending only for a clear gain; speeds of two probes differ by tens of
# percent on an ordinary line.
WORTH_SWITCHING = 1.5
# ... and only where it saves this much time: two fast hubs are equally good.
WORTH_SECONDS = 30.0


@dataclass(frozen=True)
class Source:
    """A hub at an address. `endpoint` has no slash at its end."""

    kind: SourceKind
    endpoint: str

    @property
    def name(self) -> str:
        """As in QTUNE_SOURCES: huggingface, modelscope, or the mirror's address."""
        return self.endpoint if self.kind == "mirror" else self.kind

    @property
    def title(self) -> str:
        """As a person calls it."""
        titles = {"huggingface": "Hugging Face", "modelscope": "ModelScope"}
        return titles.get(self.kind, self.endpoint.partition("://")[2])


@dataclass(frozen=True)
class Measurement:
    """What is known of a source for one goal. `usable` None: it was not asked.

    `reason` says why it is not usable; `has_model`: it is there, even if these credentials may not read
    it. Speed in bytes per second, of the very file to be downloaded.
    """

    source: str
    usable: bool | None
    reason: Text | None = None
    has_model: bool = False
    bytes_per_second: float | None = None


@dataclass(frozen=True)
class Choice:
    """`source` serves, because of `reason`; `others` may follow, in this order, if it fails."""

    source: Source
    reason: Text
    others: tuple[Source, ...] = ()


def candidates(settings: Settings) -> tuple[Source, ...]:
    """The sources that the settings allow, in their order.

    Raises ConfigError ENV805 for a QTUNE_SOURCES or QTUNE_MIRRORS that names no hub and no URL.
    """
    hubs = {
        "huggingface": Source("huggingface", settings.text("HF_ENDPOINT").rstrip("/")),
        "modelscope": Source("modelscope", _with_scheme(settings.text("MODELSCOPE_ENDPOINT"))),
    }
    mirrors = [_mirror(url, "QTUNE_MIRRORS", settings) for url in settings.items("QTUNE_MIRRORS")]
    named = settings.items("QTUNE_SOURCES")
    if named:
        ordered = [
            hubs.get(name.lower()) or _mirror(name, "QTUNE_SOURCES", settings) for name in named
        ]
    elif settings.flag("USE_MODELSCOPE"):
        ordered = [hubs["modelscope"], hubs["huggingface"], *mirrors]
    else:
        ordered = [hubs["huggingface"], *mirrors, hubs["modelscope"]]
    unique = tuple(dict.fromkeys(ordered))
    return unique if settings.flag("QTUNE_FALLBACK") else unique[:1]


def _with_scheme(endpoint: str) -> str:
    endpoint = endpoint.rstrip("/")
    return endpoint if "://" in endpoint else f"https://{endpoint}"


def _mirror(url: str, key: str, settings: Settings) -> Source:
    problem = url_problem(url)
    if problem is not None:
        where = settings.origin(key).describe()
        raise ConfigError(
            "ENV805",
            Text(
                f"{key} ({where.en}): {problem.en}, and it is neither huggingface nor modelscope",
                f"{key}（{where.zh}）：{problem.zh}，也不是 huggingface 或 modelscope",
            ),
            Text(
                "Write huggingface, modelscope, or a whole URL.",
                "请填写 huggingface、modelscope 或完整网址。",
            ),
        )
    return Source("mirror", url.rstrip("/"))


def choose(settings: Settings, measurements: Sequence[Measurement] = ()) -> Choice:
    """The source that serves, given the settings and what is known of each source."""
    allowed = candidates(settings)
    return pick(allowed, measurements, _reason_first(settings))


def pick(
    allowed: Sequence[Source],
    measurements: Sequence[Measurement],
    first_reason: Text,
    size: int | None = None,
) -> Choice:
    """The same over plain values. `first_reason` is why the first of `allowed` comes first.

    Nothing measured: the first. A source known to be unusable is passed over; where none is usable, one
    that has the model (a gate can be opened) goes before one that has not. A later usable source is
    preferred to an earlier one only where it is clearly faster, and, where the `size` in bytes of what is
    still to be downloaded is known, only where that saves time worth a change.
    """
    known: Mapping[str, Measurement] = {m.source: m for m in measurements}
    usable = [s for s in allowed if s.name not in known or known[s.name].usable is not False]
    has_model = [s for s in allowed if s.name in known and known[s.name].has_model]
    ranked = usable or has_model or list(allowed)
    first = ranked[0]
    fastest = max(ranked, key=lambda source: _speed(known.get(source.name)))
    slow, fast = _speed(known.get(first.name)), _speed(known.get(fastest.name))
    if _worth(slow, fast, size):
        chosen, reason = (
            fastest,
            Text(
                f"measured {rate(fast)}, against {rate(slow)} from {first.title}",
                f"实测 {rate(fast)}，而 {first.title} 为 {rate(slow)}",
            ),
        )
    elif first is not allowed[0]:
        failed = known[allowed[0].name]
        why = failed.reason or Text("it did not answer", "没有响应")
        en, zh = (f"; {rate(slow)} measured here", f"；此源实测 {rate(slow)}") if slow else ("", "")
        chosen, reason = (
            first,
            Text(
                f"{allowed[0].title} cannot serve ({why.en}){en}",
                f"{allowed[0].title} 不可用（{why.zh}）{zh}",
            ),
        )
    else:
        chosen, reason = first, first_reason
    return Choice(chosen, reason, tuple(s for s in ranked if s is not chosen))


def _worth(slow: float, fast: float, size: int | None) -> bool:
    if not slow or slow * WORTH_SWITCHING >= fast:
        return False
    return size is None or size / slow - size / fast >= WORTH_SECONDS


def _speed(measurement: Measurement | None) -> float:
    return (measurement.bytes_per_second or 0.0) if measurement else 0.0


def _reason_first(settings: Settings) -> Text:
    key = "QTUNE_SOURCES" if settings.items("QTUNE_SOURCES") else "USE_MODELSCOPE"
    value = settings.text(key)
    unusable = settings[key].problem is not None  # told elsewhere; what counts is the default
    where = (DEFAULT if unusable else settings.origin(key)).describe()
    return Text(f"{key}={value} ({where.en})", f"{key}={value}（{where.zh}）")


# Organisations known to publish under the same id on both hubs. Only for these may one hub stand in for
# the other when the chosen hub's own listing, and with it the hashes, cannot be had.
SAME_OWNERS = frozenset({"Qwen", "deepseek-ai"})


def same_owner(repo_id: str) -> bool:
    return repo_id.partition("/")[0] in SAME_OWNERS


# Where ModelScope keeps models whose owner has another name there. Owners only: names differ here and
# there too, so this is a hint to look, not an address to download from.
MODELSCOPE_OWNERS: Mapping[str, str] = {
    "meta-llama": "LLM-Research",
    "google": "LLM-Research",
    "mistralai": "AI-ModelScope",
    "microsoft": "LLM-Research",
}

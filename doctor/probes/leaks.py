"""Tokens in files that git keeps: in the project as it lies here, and in its last commit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from qtune.core.credentials import credentials
from qtune.core.secret import Secret
from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Known, Leak, Leaks, Unknown
from qtune.doctor.facts.tokens import Hub
from qtune.doctor.probes import git
from qtune.doctor.tokenshapes import PATTERN, UUID, hub_of, is_real

_SECONDS = 1.5  # for each of two searches
_MOST = 20


@dataclass(frozen=True)
class _Place:
    path: str
    line: int
    text: str


def probe(context: Context, seen: Facts) -> Known[Leaks] | Unknown:
    try:
        if not git.in_repository(context.root):
            return Known(Leaks())
    except OSError:
        return Known(Leaks())
    hubs: tuple[Hub, ...] = ("huggingface", "modelscope")
    at_hand = {c.secret.reveal(): hub for hub in hubs for c in credentials(hub, context.settings)}
    here = _search(context, at_hand, "")
    if here is None:
        return Unknown("needless", f"git took longer than {_SECONDS} s")
    committed = set(_search(context, at_hand, "HEAD") or ())
    texts = {(place.path, place.text) for place in committed}
    gone = {(place.path, place.text) for place in here}
    # A token that was only just taken out of a file still stands in the last commit.
    places = [*here, *(p for p in sorted(committed, key=_order) if (p.path, p.text) not in gone)]
    found = tuple(
        Leak(
            at_hand.get(place.text) or hub_of(place.text),
            str(context.root / place.path),
            place.line,
            Secret(place.text).masked,
            (place.path, place.text) in texts,
            place.text in at_hand,
        )
        for place in places
    )
    return Known(Leaks(found[:_MOST], max(0, len(found) - _MOST)))


def _order(place: _Place) -> tuple[str, int]:
    return place.path, place.line


def _search(context: Context, at_hand: Mapping[str, Hub], commit: str) -> list[_Place] | None:
    """Only the matches themselves are read, never their lines. None: it took too long."""
    pattern = PATTERN
    if any(re.fullmatch(UUID, token) for token in at_hand):
        pattern = f"{pattern}|{UUID}"
    options = ["-z", "-n", "-o", "-I", "-E", "--no-color", "--no-textconv"]
    arguments = ["grep", *options, "-e", pattern, *([commit] if commit else []), "--", "."]
    settings = ["-c", "submodule.recurse=false", "-c", "grep.fullName=false"]
    said = git.ask([*settings, *arguments], context, context.root, _SECONDS)
    if said is None or said.status == 128:  # no git, or nothing was committed yet
        return []
    if said.status is None:
        return None
    return [
        place for place in _read(said.out, commit) if place.text in at_hand or is_real(place.text)
    ]


def _read(output: str, commit: str) -> Iterator[_Place]:
    for record in output.splitlines():
        parts = record.split("\0")
        if len(parts) != 3 or not parts[1].isdigit():
            continue
        yield _Place(
            parts[0].removeprefix(f"{commit}:") if commit else parts[0], int(parts[1]), parts[2]
        )

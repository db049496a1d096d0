"""The models that Python code asks a hub for, and the settings that it sets for its own process.

Models are known by what the calls mean, and in a broken line by how it looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from qtune.doctor.finding import Span

if TYPE_CHECKING:
    from qtune.doctor.facts.source import SourceCode, Spot

_BREAK = re.compile(r"\r\n|\n|\r")
# In a cell, what a name means is told in another one; in a half-typed line nothing is told.
LOOKS_LIKE_A_CALL = (
    r"\b(?P<function>(?:\w+\.from_pretrained|snapshot_download|hf_hub_download|model_file_download)\("
    r"|pipeline\([^()\r\n]{0,80}?\bmodel[ \t]*=)"
    r"[ \t]*(?:(?:repo_id|model_id|pretrained_model_name_or_path)[ \t]*=[ \t]*)?[\"']"
)
_CALL = re.compile(LOOKS_LIKE_A_CALL + r"(?P<id>[\w.-]{1,96}/[\w.-]{1,96})[\"']", re.A)


@dataclass(frozen=True)
class CalledModel:
    """`hub` "": which one is asked cannot be told."""

    repo_id: str
    span: Span
    function: str
    hub: str = ""


def called_models(document: str, path: Path) -> Iterator[CalledModel]:
    if "/" not in document:
        return
    from qtune.doctor.rules.src.functions import repo_calls

    lines = _BREAK.split(document)
    met: set[tuple[int, int]] = set()
    source = _source(document, path)
    for found in repo_calls(source):
        value = found.argument.value if found.argument is not None else None
        if value is None or value.literal is None or found.kind != "model" or not found.repo_id:
            continue
        if found.repo_id in source.folders:
            continue
        span = _without_quotes(value.literal, found.repo_id, lines, path)
        if span is not None and (span.line, span.column) not in met:
            met.add((span.line, span.column))
            yield CalledModel(found.repo_id, span, found.call.function, found.hub)
    for number, line in enumerate(lines, 1):
        if "/" not in line or "(" not in line or len(line) > 2000 or line.lstrip()[:1] == "#":
            continue
        for call in _CALL.finditer(line):
            begin = call.start("id") + 1
            if (number, begin) not in met:
                span = Span(str(path), number, begin, number, call.end("id") + 1)
                function = call["function"].split("(")[0]
                yield CalledModel(call["id"], span, function, _hub(function, document))


def set_variables(document: str, path: Path) -> Iterator[tuple[str, Span]]:
    """`os.environ["KEY"] = …` and its like: the key, where it stands without its quotes."""
    lines = _BREAK.split(document)
    for variable in _source(document, path).variables:
        span = _without_quotes(variable.spot, variable.key, lines, path)
        if span is not None:
            yield variable.key, span


@lru_cache(maxsize=4)
def _source(document: str, path: Path) -> SourceCode:
    from qtune.doctor.documents.source import python

    return python.source(document, path)


def _hub(function: str, document: str) -> str:
    """Of a call whose name is told elsewhere: both hubs' libraries have functions of the same names."""
    if function == "model_file_download":
        return "modelscope"
    return "" if "modelscope" in document else "huggingface"


def _without_quotes(spot: Spot, text: str, lines: list[str], path: Path) -> Span | None:
    if spot.line != spot.end_line or not 0 < spot.line <= len(lines):
        return None
    at = lines[spot.line - 1].find(text, spot.column - 1, spot.end_column - 1)
    if at < 0:
        return None
    return Span(str(path), spot.line, at + 1, spot.line, at + 1 + len(text))

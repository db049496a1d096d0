"""Python source as facts, by its text alone: nothing in it is run, and any text is read as far as it goes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from qtune.core.secret import mask
from qtune.doctor.documents.source.events import Piece
from qtune.doctor.documents.source.program import Resolved, resolved
from qtune.doctor.documents.source.reported import reported
from qtune.doctor.documents.source.syntax import is_whole, parts
from qtune.doctor.documents.source.walk import piece
from qtune.doctor.documents.world import NOTHING_ELSE, World
from qtune.doctor.facts import Facts, Goal, Known, Suppression
from qtune.doctor.facts.source import CodeToken, SourceCode, Spot
from qtune.doctor.finding import Finding
from qtune.doctor.rule import Rule
from qtune.doctor.rules import one
from qtune.doctor.tokenshapes import PATTERN, hub_of, is_real

_TOKEN = re.compile(rf"(?<![A-Za-z0-9_])(?:{PATTERN})(?![A-Za-z0-9_])")
_REPO = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.A)
# What starts other processes, whose environment is this one's.
_PROGRAMS = (
    "subprocess", "multiprocessing", "concurrent", "torch.multiprocessing", "pexpect", "sh",
    "vllm", "sglang", "lmdeploy", "ray", "dask",
)  # fmt: skip
_STARTS = re.compile(
    r"os\.(?:system|popen|exec\w+|spawn\w+|posix_spawn\w*|fork)|.*\.(?:launch|notebook_launcher)"
)


# What is judged of source code.
CODES = (*(f"SRC00{number}" for number in range(1, 9)), "HUB211")

Judged = tuple[list[Finding], list[Finding], Facts, tuple[Rule, ...]]
"""What is told, what was found, the facts it was found in, and the rules that judged."""


def judged(
    text: str, path: Path, given: Sequence[Suppression] = (), world: World = NOTHING_ELSE
) -> Judged:
    return program(_parts(text), path, given, world, notebook=False)


def _parts(text: str) -> list[str]:
    found = parts(text)
    if len(found) > 1 and any(piece(part).broken for part in found) and is_whole(text):
        return [text]  # a blank line inside of brackets, perhaps
    return found


def program(
    cells: Sequence[str],
    path: Path,
    given: Sequence[Suppression],
    world: World,
    *,
    notebook: bool = True,
    saved: Sequence[CodeToken] = (),
) -> Judged:
    """Cells as one program, with its lines counted through. `saved` are tokens outside of the code."""
    code, pieces = of_cells(cells, path, notebook=notebook)
    code = replace(code, tokens=(*code.tokens, *saved))
    comments: tuple[Suppression, ...] = ()
    if any(piece.comments for piece, _ in pieces):
        from qtune.doctor.suppression.comments import in_python

        comments = in_python(pieces, path)
    facts = Facts(Goal("train", ""), source_code=Known(code), suppressions=(*comments, *given))
    rules = tuple(rule for name in CODES if (rule := one(name)) is not None)
    found = [finding for rule in rules for finding in rule.judge(facts)]
    found += reported(code, world)
    return found, found, facts, rules


def decoded(document: str | bytes) -> str:
    if isinstance(document, str):
        return document
    head = re.search(rb"coding[:=][ \t]*([-\w.]+)", b"\n".join(document.split(b"\n", 2)[:2]))
    try:
        return document.decode(head[1].decode() if head else "utf-8", "replace")
    except LookupError:
        return document.decode("utf-8", "replace")


def source(text: str, path: Path) -> SourceCode:
    return of_cells(_parts(text), path, notebook=False)[0]


def of_cells(
    cells: Sequence[str], path: Path, *, notebook: bool = True
) -> tuple[SourceCode, tuple[tuple[Piece, int], ...]]:
    """All cells as one program, whose lines are counted through; and each with the line before its first."""
    pieces: list[tuple[Piece, int]] = []
    first = 0
    for cell in cells:
        part = piece(cell)
        pieces.append((part, first))
        first += len(part.lines)
    told = resolved(pieces)
    tokens = tuple(t for part, before in pieces for t in _tokens(part.lines, before, told))
    modules = {i.module for i in told.imports} | {f"{i.module}.{i.name}" for i in told.imports}
    programs = told.shells or any(
        module == name or module.startswith(f"{name}.") for module in modules for name in _PROGRAMS
    )
    functions = {call.function for call in told.calls}
    code = SourceCode(
        str(path),
        told.imports,
        told.calls,
        told.variables,
        told.assignments,
        tokens,
        tuple(before + 1 for _, before in pieces) if notebook else (),
        _folders(told, path),
        programs or any(_STARTS.fullmatch(function) for function in functions),
        bool({"importlib.reload", "imp.reload"} & functions)
        or any("constants." in a.target for a in told.assignments),
    )
    return code, tuple(pieces)


def _folders(told: Resolved, path: Path) -> tuple[str, ...]:
    """Literals such as LLM-Research/Llama-3.2-1B that are a folder beside the file, or where one works."""
    texts = {
        argument.value.text
        for call in told.calls
        for argument in call.arguments
        if argument.value.kind == "text" and _REPO.fullmatch(argument.value.text)
    }
    return tuple(
        sorted(text for text in texts if _is_folder(text) or _is_folder(path.parent / text))
    )


def _is_folder(path: str | Path) -> bool:
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):
        return False


def _tokens(lines: Iterable[str], before: int, told: Resolved) -> Iterator[CodeToken]:
    for number, line in enumerate(lines, before + 1):
        if "hf_" not in line and "ms-" not in line and "api_org_" not in line:
            continue
        for match in _TOKEN.finditer(line):
            if is_real(match[0]):
                spot = Spot(number, match.start() + 1, number, match.end() + 1)
                yield CodeToken(hub_of(match[0]), mask(match[0]), spot, "code", _given(spot, told))


def _given(spot: Spot, told: Resolved) -> str:
    """The name or key that the literal at this place is given to."""
    for name, place in told.named:
        if name and place.line == spot.line and place.column <= spot.column <= place.end_column:
            return name
    return ""

"""The data of the run config: read as the trainer reads it, for at most two seconds, nothing imported."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

from qtune.core.download.store import HubCache
from qtune.core.export import child_environment
from qtune.core.locations import hub_cache
from qtune.doctor.documents.dataset import Rows, survey, unreadable
from qtune.doctor.facts import DataAsked, DataFile, Dataset, Facts, Known, Lengths
from qtune.doctor.facts.dataset import Use
from qtune.doctor.probes import program

if TYPE_CHECKING:
    from qtune.doctor.context import Context

SECONDS = 2.0
CHILD = Path(__file__).with_name("tokens_child.py")
_CHILD_SECONDS = 5.0
_LARGEST_CONFIG = 8 << 20
# Rather too few tokens than too many, so that what is called too long is: a token of a text in Latin
# letters seldom holds more than six, one of a Chinese text seldom more than two.
_LATIN, _OTHERS = 6, 2


def probe(context: Context, seen: Facts, seconds: float = SECONDS) -> Known[Dataset]:
    goal = context.goal
    ends = time.monotonic() + seconds
    met = Rows(goal.training.max_length if goal.training is not None else None)
    method = goal.training.method if goal.training is not None else ""
    files = tuple(_file(asked, met, ends, method) for asked in goal.data)
    folder = snapshot(context)
    return Known(
        Dataset(
            files=files,
            lengths=_lengths(met, folder, context) if met.longer else None,
            template=_template(folder) if folder is not None else None,
        )
    )


def _file(asked: DataAsked, met: Rows, ends: float, method: str) -> DataFile:
    use: Use = "eval" if asked.evaluates else "train"
    try:
        with Path(asked.path).open("rb") as file:
            return survey(file, asked.path, use, asked.format, met, ends, method)
    except OSError as error:
        return unreadable(asked.path, use, error)


def snapshot(context: Context) -> Path | None:
    """Where the files of the model's tokenizer lie on this machine, if they do."""
    goal = context.goal
    if goal.local:
        folder = Path(goal.model)
        return folder if folder.is_dir() else None
    cache = HubCache(context.root / hub_cache(context.settings), goal.model)
    for name in (goal.revision or "main", "modelscope/master"):
        folder = cache.snapshot(cache.ref(name) or "")
        if (folder / "tokenizer_config.json").is_file():
            return folder
    return None


def _template(folder: Path) -> bool | None:
    """None: there is no tokenizer to ask."""
    if (folder / "chat_template.jinja").is_file() or (folder / "chat_template.json").is_file():
        return True
    try:
        with (folder / "tokenizer_config.json").open("rb") as file:
            config = json.loads(file.read(_LARGEST_CONFIG))
    except (OSError, ValueError, RecursionError):
        return None
    return bool(config.get("chat_template")) if isinstance(config, dict) else None


def _lengths(met: Rows, folder: Path | None, context: Context) -> Lengths:
    assert met.limit is not None
    tokenizer = folder / "tokenizer.json" if folder is not None else None
    counts = _counted(met.texts, tokenizer, context) if tokenizer is not None else None
    sizes = counts if counts is not None else [_estimated(*pair) for pair in met.texts]
    share = met.longer / len(sizes)  # of those that were kept, as many of the others
    return Lengths(
        how="estimate" if counts is None else "tokenizer",
        limit=met.limit,
        rows=met.usable,
        over=round(share * sum(whole > met.limit for _, whole in sizes)),
        hopeless=round(share * sum(question >= met.limit for question, _ in sizes)),
        longest=max(whole for _, whole in sizes),
    )


def _counted(
    texts: Sequence[tuple[str, str]], tokenizer: Path, context: Context
) -> list[tuple[int, int]] | None:
    """By the model's own tokenizer; None where it cannot be asked."""
    if util.find_spec("tokenizers") is None or not tokenizer.is_file():
        return None
    environ = child_environment(context.settings, context.environ)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "MODELSCOPE_API_TOKEN"):
        environ.pop(name, None)  # no business of a tokenizer's
    # -P: a `tokenizers.py` in the project is not the library.
    done = program.run(
        [sys.executable, "-P", "-X", "utf8", str(CHILD), str(tokenizer)],
        environ,
        _CHILD_SECONDS,
        given=json.dumps(texts).encode(),
    )
    try:
        answer = json.loads(done.out) if done.status == 0 else []
        counts = [(int(question), int(whole)) for question, whole in answer]
    except (ValueError, TypeError):
        return None
    return counts if len(counts) == len(texts) else None


def _estimated(question: str, answers: str) -> tuple[int, int]:
    first = _tokens(question)
    return first, first + _tokens(answers)


def _tokens(text: str) -> int:
    latin = sum(character.isascii() for character in text)
    return latin // _LATIN + (len(text) - latin) // _OTHERS

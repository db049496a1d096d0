"""The rows of a Parquet file, read by pyarrow a batch at a time; nobody else needs that library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qtune.core.data.raw import Raw, Unreadable
from qtune.core.data.tools import without_nothing
from qtune.core.text import Text, plain

_BATCH = 256


def records(path: Path) -> Iterator[Raw]:
    """Raises Unreadable, and OSError where the file cannot be opened."""
    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            raise Unreadable("not-parquet", detail=Text("it does not begin as one", "文件头不对"))
    parquet = _library()
    number = 0
    try:
        with parquet.ParquetFile(path, pre_buffer=False) as file:
            for batch in file.iter_batches(batch_size=_BATCH, use_threads=False):
                for row in batch.to_pylist():
                    number += 1
                    yield Raw(number, without_nothing(row))
    except Unreadable:
        raise
    except FileNotFoundError:
        raise
    except Exception as error:  # pyarrow raises its own and those of the codecs it calls
        if not type(error).__module__.startswith(("pyarrow", "builtins")):
            raise
        said = " ".join(str(error).split())[:120]
        raise Unreadable("not-parquet", number and number + 1, plain(said)) from None


def count(path: Path) -> int | None:
    """The number of rows that the file itself gives; None where it cannot be asked."""
    try:
        with _library().ParquetFile(path) as file:
            return int(file.metadata.num_rows)
    except Exception:
        return None


def _library() -> Any:
    try:
        from pyarrow import parquet  # type: ignore[import-untyped, unused-ignore]
    except ImportError as error:
        raise Unreadable(
            "no-pyarrow",
            detail=plain(str(error)),
            fix=Text(
                'Run: pip install "qtune[train]" (or pip install pyarrow), or convert the file to JSONL.',
                '请运行：pip install "qtune[train]"（或 pip install pyarrow），或转换成 JSONL。',
            ),
        ) from None
    return parquet

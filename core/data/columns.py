"""The rows of a Parquet file, read by pyarrow a batch at a time; nobody else needs that library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from qtune.core.data.raw import Raw, Unreadable
from qtune.core.data.tools import without_nothing
from qtune.core.text import Text, plain

_BATCH = 256


def records(file: BinaryIO) -> Iterator[Raw]:
    """Raises Unreadable."""
    if file.read(4) != b"PAR1":
        raise Unreadable("not-parquet", detail=Text("it does not begin as one", "文件头不对"))
    file.seek(0)
    parquet = _library()
    batches = _batches(parquet, file)
    number = 0
    while True:
        try:
            rows = next(batches, None)
        except Exception as error:  # pyarrow raises its own, Python's, and those of its codecs
            said = " ".join(str(error).split())[:120]
            raise Unreadable("not-parquet", number and number + 1, plain(said)) from None
        if rows is None:
            return
        for row in rows:
            number += 1
            yield Raw(number, without_nothing(row))


def _batches(parquet: Any, file: BinaryIO) -> Iterator[list[object]]:
    whole = parquet.ParquetFile(file, pre_buffer=False)
    for batch in whole.iter_batches(batch_size=_BATCH, use_threads=False):
        yield batch.to_pylist()


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

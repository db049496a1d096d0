"""The rows of a data file, by the ending of its name: JSON, JSONL, CSV, TSV, Parquet, and the first four in gzip."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from qtune.core.data.columns import records
from qtune.core.data.raw import Raw, Unreadable
from qtune.core.data.rows import rows
from qtune.core.data.table import cells
from qtune.core.text import plain

JSON = (".jsonl", ".json", ".ndjson")
TABLES = (".csv", ".tsv")
PARQUET = (".parquet",)
PACKED = ".gz"
ENDINGS = (*JSON, *TABLES, *PARQUET, *(f"{ending}{PACKED}" for ending in (*JSON, *TABLES)))


def is_data(name: str) -> bool:
    return name.lower().endswith(ENDINGS)


def read(path: Path, most: int | None = None) -> Iterator[Raw]:
    """Its rows; whatever it is called, a file that is none of ours is read as JSON. Of a JSON list longer
    than `most` bytes, those up to there. Raises Unreadable and OSError."""
    with path.open("rb") as file:
        yield from stream(file, path.name, most)


def stream(file: BinaryIO, name: str, most: int | None = None) -> Iterator[Raw]:
    """The same of an open file, or of a buffer that is not saved yet."""
    name = name.lower()
    if name.endswith(PARQUET):
        yield from records(file)
    elif name.endswith(PACKED):
        try:
            with gzip.open(file) as packed:
                yield from stream(cast(BinaryIO, packed), name.removesuffix(PACKED), most)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise Unreadable("not-gzip", detail=plain(str(error)[:120])) from None
    elif name.endswith(TABLES):
        yield from cells(file)
    else:
        yield from rows(file, most)

"""Which files are judged, and as what: by their names, and a YAML or JSON by what is in it."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Literal

from qtune.doctor.facts.dataset import Use

Kind = Literal["dotenv", "runconfig", "dataset", "python", "notebook", "requirements", "pyproject"]

_TEMPLATE = re.compile(r"(?:^|[._-])(?:example|sample|template|dist)(?:$|[._-])", re.I)
_PACKAGES = re.compile(r"(?:[\w.]+[-_.])?(?:requirements|constraints)(?:[-_.]|\Z)")
_NOTEBOOK = re.compile(
    r'[\ufeff\s]*\{\s*(?:"(?:cells|metadata|nbformat|nbformat_minor|worksheets)"|\Z)'
)
# Columns that hardly any other table has.
_COLUMNS = re.compile(
    r"(?:^|[,;\t])[\ufeff\" ]*(?:instruction|messages|conversations|completion|chosen|rejected)[\" \r]*(?=[,;\t]|$)",
    re.I,
)
_EVAL = re.compile(r"(?:^|[._-])(?:eval|evaluation|val|valid|validation|dev|test)(?:$|[._-])", re.I)


def kind_of(path: PurePath, head: str) -> Kind | None:
    """None: nothing that qtune reads. `head` is how the file begins, at least its first lines."""
    name = path.name.lower()
    if name == ".env" or name.startswith(".env.") or name.endswith(".env"):
        return "dotenv"
    if name.endswith((".py", ".pyw")):
        return "python"
    if name.endswith(".ipynb"):  # a client may hand in the code of its cells as one text
        return "notebook" if _NOTEBOOK.match(head) else "python"
    if name.endswith((".jsonl", ".ndjson", ".parquet", ".jsonl.gz", ".json.gz")):
        return "dataset"
    if name.endswith((".csv", ".tsv")):
        return "dataset" if _COLUMNS.search(head.partition("\n")[0]) else None
    if name.endswith(".json"):
        return "dataset" if head.lstrip("\ufeff \t\r\n").startswith("[") else None
    if name == "pyproject.toml":
        return "pyproject"
    if name.endswith((".txt", ".in")) and (
        _PACKAGES.match(name) or path.parent.name.lower() == "requirements"
    ):
        return "requirements"
    if name.endswith((".yaml", ".yml")):
        from qtune.doctor.documents.run.config import is_ours

        return "runconfig" if is_ours(head) else None
    return None


def is_template(path: PurePath) -> bool:
    """`.env.example` and its like: what stands in them is there to be replaced."""
    return _TEMPLATE.search(path.name) is not None


def use_of(path: PurePath) -> Use:
    return "eval" if _EVAL.search(path.stem) else "train"

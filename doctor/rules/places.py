"""Where a value stands: the span of its `.env` line, as exact as the facts allow."""

from __future__ import annotations

from pathlib import PurePath

from qtune.core.origin import Origin
from qtune.doctor.facts import EnvEntry, EnvFile, Facts, known
from qtune.doctor.finding import Span


def span_of(origin: Origin, facts: Facts) -> Span | None:
    """The line that `origin` speaks of; None where it is no line of a file."""
    if origin.path is None or origin.line is None:
        return None
    envfile = known(facts.envfile)
    if envfile is not None and envfile.path == str(origin.path):
        for entry in envfile.entries:
            if entry.line == origin.line:
                return entry_span(envfile, entry)
    return Span(str(origin.path), origin.line, 1, origin.line, 1)


def glued(origin: Origin, facts: Facts) -> str | None:
    """ENV803, where the line that `origin` speaks of has a comment right behind its value."""
    envfile = known(facts.envfile)
    if envfile is None or envfile.path != str(origin.path):
        return None
    lines = {entry.line for entry in envfile.entries if entry.hash_column}
    return "ENV803" if origin.line in lines else None


def entry_span(envfile: EnvFile, entry: EnvEntry) -> Span:
    """The whole entry, key and value."""
    return Span(envfile.path, entry.line, entry.column, entry.end_line, entry.end_column)


def key_span(envfile: EnvFile, entry: EnvEntry) -> Span:
    """The key alone."""
    end = entry.column + len(entry.key)
    return Span(envfile.path, entry.line, entry.column, entry.line, end)


def called(envfile: EnvFile) -> str:
    """The file's own name: `--env-file` may have named another than `.env`."""
    return PurePath(envfile.path).name

"""`.env` as facts: its lines without their secrets, and what they alone say of settings, hubs and tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from qtune.core.credentials import KEYS, Credential
from qtune.core.envfile import Entry, EnvDocument
from qtune.core.errors import ConfigError
from qtune.core.origin import DEFAULT
from qtune.core.secret import Secret, mask
from qtune.core.settings import Settings, Value, resolve
from qtune.core.sources import Source, candidates
from qtune.core.table import BY_NAME
from qtune.doctor.facts import EnvEntry, EnvFile, Facts, Goal, Known, UnparsedLine
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.given import of_settings
from qtune.doctor.probes import tokens
from qtune.doctor.rules.places import span_of

_TOKEN = re.compile(r"\b(?:hf_|api_org_|ms-)[A-Za-z0-9_-]{20,}")


def facts(document: EnvDocument) -> Facts:
    """What the file alone says, as if nothing else were set anywhere."""
    settings = resolve(project=document)
    sources, _ = _sources(settings)
    known = of_settings(settings, Goal("train", settings.text("DEFAULT_MODEL")), sources)
    return replace(
        known,
        envfile=Known(
            EnvFile(
                path=str(document.path),
                exists=True,
                encoding=document.encoding,
                mode=None,
                git="unknown",
                entries=entries_of(document),
                unparsed=unparsed_of(document),
            )
        ),
        tokens={
            source.name: Known(tokens.fact(source, _credentials(source, settings), settings))
            for source in sources
            if source.kind != "mirror"
        },
    )


def problems(document: EnvDocument) -> Iterator[Finding]:
    """What no rule tells: lists of hubs with something in them that is none."""
    settings = resolve(project=document)
    _, error = _sources(settings)
    if error is None:
        return
    key = next((k for k in ("QTUNE_MIRRORS", "QTUNE_SOURCES") if k in error.message.en), "")
    fix = Fix(error.fix, Applicability.MANUAL) if error.fix is not None else None
    span = span_of(settings.origin(key), facts(document)) if key else None
    yield Finding(error.code, Severity.ERROR, error.message, span=span, fix=fix)


def _sources(settings: Settings) -> tuple[tuple[Source, ...], ConfigError | None]:
    try:
        return candidates(settings), None
    except ConfigError as error:
        return (), error


def _credentials(source: Source, settings: Settings) -> tuple[Credential, ...]:
    """The token of the file; a login's own file is no part of it."""
    assert source.kind != "mirror"
    key = KEYS[source.kind]
    secret = settings.secret(key)
    return (Credential(source.kind, secret, settings.origin(key)),) if secret is not None else ()


def entries_of(document: EnvDocument) -> tuple[EnvEntry, ...]:
    return tuple(_entry(entry) for entry in document.entries)


def unparsed_of(document: EnvDocument) -> tuple[UnparsedLine, ...]:
    return tuple(
        UnparsedLine(item.line, item.reason, *(item.mapping or ())) for item in document.unparsed
    )


def _entry(entry: Entry) -> EnvEntry:
    secret = is_secret(entry)
    row = BY_NAME.get(entry.key)
    shown = ""
    if row is not None:
        shown = mask(entry.value) if secret else Value(row, entry.value, DEFAULT).shown
        if row.secret and row.key.endswith("_PROXY"):
            shown = Value(row, entry.value, DEFAULT).shown  # the host of a proxy is no secret
        if not entry.value:
            shown = ""
    return EnvEntry(
        key=entry.key,
        shown=shown,
        line=entry.line,
        column=entry.column,
        value_column=entry.value_column,
        end_line=entry.end_line,
        end_column=entry.end_column,
        quote=entry.quote,
        empty=not entry.value.strip(),
        looks_secret=secret,
        unexpanded=entry.unexpanded,
        hash_column=0 if entry.quote else _column_of_hash(entry),
    )


def _column_of_hash(entry: Entry) -> int:
    at = entry.raw.find("#", 1)
    return entry.value_column + at if at > 0 else 0


def is_secret(entry: Entry) -> bool:
    """Would it hurt if others read this line? A proxy's only with a password in it."""
    value = entry.value.strip()
    row = BY_NAME.get(entry.key)
    if not value:
        return False
    if _TOKEN.search(value):
        Secret(value)
        return True
    if row is None:
        return entry.looks_secret
    return row.secret and ("@" in value or not row.key.endswith("_PROXY"))

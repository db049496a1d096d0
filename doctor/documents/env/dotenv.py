"""`.env` as facts: its lines without their secrets, and what they alone say of settings, hubs and tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from qtune.core.credentials import KEYS, Credential
from qtune.core.envfile import Entry, EnvDocument, Unparsed, parse
from qtune.core.errors import ConfigError
from qtune.core.origin import DEFAULT
from qtune.core.secret import Secret, mask
from qtune.core.settings import Settings, Value, resolve
from qtune.core.sources import Source, candidates
from qtune.core.table import BY_NAME
from qtune.doctor.documents.env import gitindex
from qtune.doctor.documents.kinds import is_template
from qtune.doctor.documents.world import World
from qtune.doctor.facts import EnvEntry, EnvFile, Facts, Goal, Known, UnparsedLine, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.given import of_settings
from qtune.doctor.probes import tokens
from qtune.doctor.rules import one
from qtune.doctor.rules.places import span_of
from qtune.doctor.scope import scoped

_TOKEN = re.compile(r"\b(?:hf_|api_org_|ms-)[A-Za-z0-9_-]{20,}")


def facts(document: EnvDocument) -> Facts:
    """What the file alone says, as if nothing else were set anywhere."""
    settings = resolve(project=document)
    sources, _ = _sources(settings)
    return replace(
        of_settings(settings, Goal("train", settings.text("DEFAULT_MODEL")), sources),
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


def problems(document: EnvDocument, alone: Facts) -> Iterator[Finding]:
    """What no rule tells: lists of hubs with something in them that is none. `alone` are its facts."""
    if alone.sources:
        return
    settings = resolve(project=document)
    _, error = _sources(settings)
    if error is None:
        return
    key = next((k for k in ("QTUNE_MIRRORS", "QTUNE_SOURCES") if k in error.message.en), "")
    fix = Fix(error.fix, Applicability.MANUAL) if error.fix is not None else None
    span = span_of(settings.origin(key), alone) if key else None
    yield Finding(error.code, Severity.ERROR, error.message, span=span, fix=fix)


BESIDE = ("ENV807", "ENV808", "TOK304")


def beside(document: EnvDocument, alone: Facts, world: World) -> list[Finding]:
    """What the rules say of the file's place: git has taken it, or something else goes before its lines.

    `alone` are its facts. Only `.env` itself is read by qtune, so only its lines can lose. Of git only what it
    has taken is told: what it ignores, git alone knows.
    """
    found: list[Finding] = []
    file = known(alone.envfile)
    if (
        file is not None
        and any(entry.looks_secret for entry in file.entries)
        and gitindex.tracked(document.path)
    ):
        found += _judged(("ENV807",), _tracked(document))
    if document.path.name == ".env" and (world.environ or world.user is not None):
        found += _judged(("ENV808", "TOK304"), _shadowed(document, alone, world))
    return found


def _judged(codes: tuple[str, ...], facts: Facts) -> list[Finding]:
    rules = (rule for code in codes if (rule := one(code)) is not None)
    return scoped([finding for rule in rules for finding in rule.judge(facts)], facts)


def _tracked(document: EnvDocument) -> Facts:
    """Of a template only what has the shape of a token: the others are there to be replaced."""
    template = is_template(document.path)
    secrets = [
        entry
        for entry in document.entries
        if not template or (_TOKEN.search(entry.value) and not tokens.is_placeholder(entry.value))
    ]
    entries = tuple(_entry(entry) for entry in secrets)
    file = EnvFile(str(document.path), True, document.encoding, None, "tracked", entries)
    return Facts(Goal("train", ""), envfile=Known(file))


def _shadowed(document: EnvDocument, alone: Facts, world: World) -> Facts:
    settings = resolve(environ=world.environ, user=world.user, project=document)
    sources, _ = _sources(settings)
    return replace(
        of_settings(settings, alone.goal, sources),
        envfile=alone.envfile,
        tokens={
            source.name: Known(tokens.fact(source, _set(source, settings), settings))
            for source in sources
            if source.kind != "mirror"
        },
    )


def _set(source: Source, settings: Settings) -> tuple[Credential, ...]:
    """All tokens that are set somewhere, the one that counts first; a login's own file is no part of it."""
    assert source.kind != "mirror"
    hidden = [value for value in settings.shadowed if value.setting.key == KEYS[source.kind]]
    others = (Credential(source.kind, Secret(v.text), v.origin) for v in hidden if v.text)
    return (*_credentials(source, settings), *others)


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
        UnparsedLine(item.line, item.reason, *(item.mapping or ("", 0, 0)), strays=_hidden_in(item))
        for item in document.unparsed
    )


# Zero width, no-break, direction and soft hyphen: pasted from a page or a chat.
_HIDDEN = r"\u00a0\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff"
_UNSEEN = re.compile(f"[{_HIDDEN}]+")
_AROUND = re.compile(
    rf"(?i)\A(?:[\s\"'`“”‘’「」«»{_HIDDEN}]+|(?:bearer|token)\s+)+|[\s\"'`“”‘’「」«»{_HIDDEN}]+\Z"
)


def _strays(entry: Entry) -> tuple[tuple[int, int], ...]:
    """Only what is taken out of a value, never what is left: facts hold no secret."""
    quoted = 1 if entry.quote else 0
    inside = entry.raw[quoted : len(entry.raw) - quoted]
    places = {match.span() for match in _UNSEEN.finditer(inside)}
    if BY_NAME[entry.key].key in KEYS.values():
        places = {match.span() for match in _AROUND.finditer(inside) if match[0]}
        middle = (max((e for b, e in places if b == 0), default=0),
                  min((b for b, e in places if e == len(inside)), default=len(inside)))  # fmt: skip
        places |= {match.span() for match in _UNSEEN.finditer(inside, *middle)}
    if any(begin == 0 and end == len(inside) for begin, end in places):
        return ()  # nothing would be left
    first = entry.value_column + quoted
    return tuple(sorted((first + begin, first + end) for begin, end in places))


def _hidden_in(line: Unparsed) -> tuple[tuple[int, int], ...]:
    places = tuple((m.start() + 1, m.end() + 1) for m in _UNSEEN.finditer(line.text))
    return places if places and parse(_UNSEEN.sub("", line.text)).entries else ()


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
        strays=_strays(entry) if row is not None and entry.line == entry.end_line else (),
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

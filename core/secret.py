"""Secrets are shown masked, and every secret qtune has met is taken out of whatever it writes."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from urllib.parse import quote, unquote

_SHORTEST = 6  # a shorter secret would blot out ordinary words; URL user info is caught by shape

_lock = threading.Lock()
_met: dict[str, str] = {}  # what must not be shown -> what is shown in its place
_scope: ContextVar[dict[str, str] | None] = ContextVar("secrets of one piece of work", default=None)


@contextlib.contextmanager
def scope(*, keep: bool = False) -> Iterator[None]:
    """Secrets that are met within are known within, and forgotten afterwards; what they may stand in must be
    redacted before.

    An editor's server needs it: each beginning of a token that is being typed would else be a secret for the
    rest of the day. Within another scope it is a part of that one; with `keep` nothing is forgotten, as if
    there were no scope. It holds for one thread.
    """
    if _scope.get() is not None:
        yield
        return
    token = _scope.set(_met if keep else {})
    try:
        yield
    finally:
        _scope.reset(token)


class Secret:
    """A value that never prints itself. Making one also registers it with `redact`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        _remember(value)

    def reveal(self) -> str:
        return self._value

    @property
    def masked(self) -> str:
        return mask(self._value)

    @property
    def fingerprint(self) -> str:
        """Equal secrets have equal fingerprints; nothing else can be read from one."""
        import hashlib

        return hashlib.sha256(b"qtune\0" + _bytes(self._value)).hexdigest()[:12]

    def __eq__(self, other: object) -> bool:
        import hmac

        return isinstance(other, Secret) and hmac.compare_digest(
            _bytes(self._value), _bytes(other._value)
        )

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return f"Secret({self.masked})"

    __str__ = __repr__


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")  # the environment may hold bytes that are no text


def mask(value: str) -> str:
    """`hf_…wxyz`: the public prefix, and the last four only where enough stays hidden."""
    # Of a value that is little more than a prefix, the prefix is the secret.
    prefix = next((p for p in _PREFIXES if value.startswith(p) and len(value) >= len(p) + 4), "")
    tail = value[-4:] if len(value) >= 20 and re.fullmatch(r"[\w-]{4}", value[-4:]) else ""
    return f"{prefix}…{tail}"


_PREFIXES = ("hf_oauth_", "hf_jwt_", "hf_", "api_org_", "ms-")


def _remember(value: str) -> None:
    value = value.strip()
    if len(value) < _SHORTEST:
        return
    import base64  # every command begins with this module, and few of them meet a secret
    import json

    shown = mask(value)
    # The forms a secret takes on its way through URLs, JSON, Python's repr, quoted .env values and the
    # Basic header.
    plain = unquote(value)
    forms = {value, plain, _quoted(value, ""), _quoted(value, "/"), _quoted(plain, "")}
    forms.add(_quoted(value, " ").replace(" ", "+"))
    forms |= {
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
    }
    forms |= {base64.b64encode(_bytes(form)).decode() for form in (value, plain)}
    known = _scope.get()
    with _lock:
        for form in forms:
            if len(form) >= _SHORTEST:
                (_met if known is None else known)[form] = shown


def _quoted(value: str, safe: str) -> str:
    return quote(value, safe=safe, errors="surrogatepass")


# What gives a secret away by its shape, whether or not qtune has met it. No pattern may take a backslash that
# escapes what follows it, or redacted JSON would be broken; none may scan a text more than once.
_BEFORE = (  # %3D, \n, another token and a masked one run into a word
    r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrtbf])|(?<=[A-Za-z0-9]{12})|(?<=…[\w-]{4}))"
)
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<![a-z0-9+.-])([a-z][a-z0-9+.-]{0,19}:/{2})[^/\s\"'<>]+@", re.I), r"\1…@"),
    # Where a newline was lost, a token stands right behind another: it ends where the next one begins.
    (re.compile(r"hf_(?:oauth|jwt)_[A-Za-z0-9._-]{10,}(?<![._-])"), ""),
    (re.compile(r"(?:hf_|api_org_)[A-Za-z0-9]{17,}?(?=hf_|api_org_|ms-|(?![A-Za-z0-9]))"), ""),
    (re.compile(_BEFORE + r"ms-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I), ""),
    (
        re.compile(
            r"(?i)(authorization(?:\W{1,8}|\W{1,6}b['\"])(?:bearer|basic|token|digest)\s+)[^\s\"',;\\]+"
        ),
        r"\1…",
    ),
    (
        re.compile(
            r"(?i)\b(bearer|basic)[ \t]+(?=[A-Za-z._~+/=-]{0,200}[0-9])[A-Za-z0-9._~+/=-]{12,}"
        ),
        r"\1 …",
    ),
    (
        re.compile(
            r"(?i)((?:[?&;]|\\u0026|%3F|%26)(?:x-(?:amz|oss|goog)-(?:signature|credential|security-token)|"
            r"signature|sig|token|access_token|auth_key|auth|key-pair-id|policy|ossaccesskeyid|"
            r"security-token|password|secret)(?:=|%3D))[^&\s\"'<>#\\]+"
        ),
        r"\1…",
    ),
    (re.compile(r"(?i)(m_session_id=)[^;\s\"'\\]+"), r"\1…"),
)


def redact(text: str) -> str:
    """`text` with every secret masked: those met so far, and whatever has a secret's shape."""
    with _lock:
        met = {**_met, **(_scope.get() or {})}
    known = sorted(met.items(), key=lambda item: -len(item[0]))
    for value, shown in known:
        if value in text:
            text = text.replace(value, shown)
    for pattern, shown in _SHAPES:
        text = pattern.sub(shown or _mask_match, text)
    return text


_BETWEEN = "\n\x1e\n"


def redact_all(texts: Sequence[str]) -> list[str]:
    """Each of them redacted, in the time of one."""
    together = redact(_BETWEEN.join(texts)).split(_BETWEEN)
    return together if len(together) == len(texts) else [redact(text) for text in texts]


def _mask_match(match: re.Match[str]) -> str:
    return mask(match.group(0))

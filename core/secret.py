"""Secrets are shown masked, and every secret qtune has met is taken out of whatever it writes."""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
from urllib.parse import quote, unquote

_SHORTEST = 6  # a shorter secret would blot out ordinary words; URL user info is caught by shape

_lock = threading.Lock()
_met: dict[str, str] = {}  # what must not be shown -> what is shown in its place


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
        return hashlib.sha256(b"qtune\0" + self._value.encode()).hexdigest()[:12]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(
            self._value.encode(), other._value.encode()
        )

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return f"Secret({self.masked})"

    __str__ = __repr__


def mask(value: str) -> str:
    """`hf_…wxyz`: the public prefix, and the last four only where enough stays hidden."""
    prefix = next((p for p in _PREFIXES if value.startswith(p)), "")
    tail = value[-4:] if len(value) >= 20 and re.fullmatch(r"[\w-]{4}", value[-4:]) else ""
    return f"{prefix}…{tail}"


_PREFIXES = ("hf_oauth_", "hf_jwt_", "hf_", "api_org_", "ms-")


def _remember(value: str) -> None:
    value = value.strip()
    if len(value) < _SHORTEST:
        return
    shown = mask(value)
    with _lock:
        # The forms a secret takes on its way through URLs, JSON strings and quoted .env values.
        for form in {value, quote(value, safe=""), quote(value), unquote(value)}:
            if len(form) >= _SHORTEST:
                _met[form] = shown


# What gives a secret away by its shape, whether or not qtune has met it.
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)[^/\s@\"'<>]+@", re.I), r"\g<scheme>…@"),
    (re.compile(r"\b(hf_(?:oauth_|jwt_)?|api_org_)[A-Za-z0-9._-]*?([A-Za-z0-9]{4})\b(?![…])"), ""),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), r"\1 …"),
    (
        re.compile(
            r"(?i)([?&;](?:x-amz-(?:signature|credential|security-token)|signature|sig|token|"
            r"access_token|auth_key|auth|key-pair-id|policy|ossaccesskeyid|security-token|"
            r"password|secret)=)[^&\s\"'<>#]+"
        ),
        r"\1…",
    ),
    (re.compile(r"(?i)(m_session_id=)[^;\s\"']+"), r"\1…"),
)


def redact(text: str) -> str:
    """`text` with every secret masked: those met so far, and whatever has a secret's shape."""
    with _lock:
        known = sorted(_met.items(), key=lambda item: -len(item[0]))
    for value, shown in known:
        if value in text:
            text = text.replace(value, shown)
    for pattern, shown in _SHAPES:
        text = pattern.sub(shown or _mask_match, text)
    return text


def _mask_match(match: re.Match[str]) -> str:
    whole = match.group(0)
    # `hf_xxx` and `hf_your_token_here` are words of documentation, and short.
    return mask(whole) if len(whole) >= 20 else whole

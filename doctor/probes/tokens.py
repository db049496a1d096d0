"""The tokens at hand for a hub: where each was found, whether it can be one, and where it may go."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qtune.core.credentials import Credential, HubName, credentials
from qtune.core.settings import Settings
from qtune.core.sources import Source
from qtune.core.trust import is_official, may_send
from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Known, TokenFact, Tokens, TokenShape


def probe(context: Context, source: Source, seen: Facts) -> Known[Tokens]:
    if source.kind == "mirror":  # never gets one, whatever the settings say
        return Known(Tokens((), False))
    return Known(fact(source, credentials(source.kind, context.settings), context.settings))


def fact(source: Source, found: Sequence[Credential], settings: Settings) -> Tokens:
    """`found` are the tokens for this hub, the one that counts first."""
    off = source.kind == "huggingface" and settings.flag("HF_HUB_DISABLE_IMPLICIT_TOKEN")
    may_go = bool(found) and not off and may_send(found[0], source.endpoint, settings)
    official = source.kind != "mirror" and is_official(source.kind, source.endpoint)
    return Tokens(tuple(_fact(token, official) for token in found), may_go, off)


def _fact(token: Credential, official: bool) -> TokenFact:
    secret = token.secret
    return TokenFact(
        token.origin,
        secret.masked,
        shape_of(secret.reveal(), token.hub, official),
        secret.fingerprint,
    )


_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_SHAPES: dict[HubName, re.Pattern[str]] = {
    "huggingface": re.compile(r"hf_[A-Za-z0-9]{30,}|hf_(?:oauth|jwt)_[A-Za-z0-9._-]{20,}"),
    "modelscope": re.compile(rf"(?:ms-)?{_UUID}"),
}
_OTHER: dict[HubName, HubName] = {"huggingface": "modelscope", "modelscope": "huggingface"}
_PLACEHOLDER = re.compile(
    r"""<.*> | \$\{?\w+\}? | %\w+% | \[.*\] | \{.*\}
    | (?:hf_|ms-|sk-)? (?: x{3,} | x{5,}.* | \*{3,} | \.{2,} | … | 0{6,} )
    | (?:hf_|ms-)? (?:your|my|enter|insert|paste|put|replace|add)[-_ ].*
    | (?:hf_|ms-)? (?:token|api_?key|access_?token|token_?here|xxx.*here)
    | change[-_ ]?me.* | none | null | nil | undefined | todo | fixme | placeholder | example
    | .*(?:你的|您的|填写|填入|令牌).*""",
    re.X | re.I,
)
_QUOTES = "\"'`“”‘’「」«»"


def shape_of(text: str, hub: HubName, official: bool) -> TokenShape:
    """Why `text` can be no token of `hub`, or "ok". A company's own hub may give any shape of token."""
    if is_placeholder(text):
        return "placeholder"
    if any(quote in text for quote in _QUOTES):
        return "quotes"
    if re.match(r"(?i)(?:bearer|token|authorization:)\s", text):
        return "bearer_prefix"
    if any(c.isspace() and c.isascii() for c in text):
        return "whitespace"
    if not all("!" <= c <= "~" for c in text):
        return "invisible"
    if _SHAPES[_OTHER[hub]].fullmatch(text):
        return "other_hub"
    if not official or _SHAPES[hub].fullmatch(text):
        return "ok"
    # ModelScope documents no shape; only what is too short to be a secret can be called wrong.
    return "ok" if hub == "modelscope" and len(text) >= 16 else "malformed"


def is_placeholder(text: str) -> bool:
    """Does it stand where somebody is to write a token?"""
    return _PLACEHOLDER.fullmatch(text.strip(_QUOTES + " ")) is not None

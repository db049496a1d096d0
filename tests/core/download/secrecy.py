"""One check for every test of the downloader: no token, cookie or signed query went where it does not belong.

It looks at all that any local hub was asked while the test ran, at what was shown (events, errors, the
output of child processes, what pytest captured) and at every small file that the test left on the disk.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.hub import Hub, Request, worlds

COOKIE = "qtune-test-session-4711"  # what tests plant in a Set-Cookie
TOKENS = {
    worlds.GOOD: {"hf"},
    worlds.NO_LICENCE: {"hf"},
    worlds.UNKNOWN: {"hf"},
    worlds.WRITE: {"hf"},
    worlds.MODELSCOPE: {"ms"},
    COOKIE: set[str](),  # qtune keeps no cookies
}
STORAGES = {"cdn", "cas", "ms-cdn"}
LARGEST_FILE = 1 << 20  # of those that are searched: journals, ledgers, logs
_SIGNATURE = re.compile(rb"[Ss]ignature=([0-9a-f]{72})")

_shown: list[str] = []
_hubs: list[Hub] = []


def note(text: str) -> None:
    """Something that a person or a log gets to see."""
    _shown.append(text)


def note_hub(hub: Hub) -> None:
    _hubs.append(hub)


def forget() -> None:
    _shown.clear()
    _hubs.clear()


def leaks(folder: Path, captured: str) -> list[str]:
    """What has leaked, in words; `folder` is where the test works."""
    return [
        *(leak for hub in _hubs for leak in _in_requests(hub)),
        *_in_text("what was shown", [*_shown, captured], _hubs),
        *_in_files(folder, _hubs),
    ]


def _in_requests(hub: Hub) -> Iterator[str]:
    at = {request.origin: "" for request in hub.requests}
    for token, allowed in TOKENS.items():
        for origin in hub.carrying(token) - allowed if at else ():
            yield f"{token[:12]}… was sent to {origin}"
    homes: dict[bytes, str] = {}
    for request in hub.requests:
        for signature in _SIGNATURE.findall(request.raw):
            home = homes.setdefault(signature, request.origin)
            if request.origin not in STORAGES or request.origin != home:
                yield f"a signature for {home} was sent to {request.origin}: {_line(request)}"


def _in_text(where: str, texts: Iterable[str], hubs: Iterable[Hub]) -> Iterator[str]:
    secrets = [*TOKENS, *(signature for hub in hubs for signature in hub.signatures)]
    for text in texts:
        for secret in secrets:
            if secret in text:
                yield f"{where} holds {secret[:12]}…: {text[:300]!r}"


def _in_files(folder: Path, hubs: list[Hub]) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink() or path.stat().st_size > LARGEST_FILE:
            continue
        if path.name not in ("token", ".env"):  # where the user keeps them
            text = path.read_bytes().decode("latin-1")
            yield from _in_text(str(path.relative_to(folder)), [text], hubs)


def _line(request: Request) -> str:
    return f"{request.method} {request.raw_path}"

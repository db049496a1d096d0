"""500 random answers of a hub to the real probes: no crash, no wait beyond the deadline, no secret shown."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from qtune.doctor.examine import Options, examine
from qtune.doctor.schedule import Limits
from tests.doctor.probes.looking import at, looking
from tests.doctor.showing import shown
from tests.hub import Hub, Request, worlds
from tests.hub.faults import PORTAL
from tests.hub.http import Delivery, Response

PARTS, ANSWERS = 4, 200
SECONDS = 2.0
NETWORK = ("reach", "identity", "listing", "gate", "xet", "storage")
STATUSES = (*range(200, 206), 301, 302, 303, 304, 307, 308, 400, 401, 402, 403, 404, 407, 408, 409, 410, 416,
            418, 421, 425, 429, 451, 500, 501, 502, 503, 504, 511, 520, 599, 600, 999)  # fmt: skip
VALUES = (
    *("", "0", "-1", "NaN", "1e999", "9" * 400, "null", "[]", "{}", "true", "\x7f", "é", "\u202e", "x" * 9000),
    *("gzip", "br", "identity", "chunked", "text/html", "application/json", "bytes 0-0/0", "bytes */*"),
    *("/", "//evil.example/x", "http://", "https://huggingface.co/x", "javascript:alert(1)", "?", "#", "http://[::1"),
    *('<http://127.0.0.1:9/next>; rel="next"', '<>; rel="next"', '"resolvers";r=-5;t=1e99', "Wed, 99 Foo"),
    *("RepoNotFound", "GatedRepo", "RevisionNotFound", "EntryNotFound", "Access to this resource is disabled."),
    worlds.GOOD,
)  # fmt: skip
HEADERS = (
    *(
        "Content-Type",
        "Content-Length",
        "Content-Encoding",
        "Content-Range",
        "Location",
        "Link",
        "Date",
        "ETag",
    ),
    *(
        "Retry-After",
        "RateLimit",
        "X-Error-Code",
        "X-Error-Message",
        "X-Repo-Commit",
        "X-Linked-Size",
        "Set-Cookie",
    ),
    *(
        "X-Linked-Etag",
        "Transfer-Encoding",
        "Server",
        "WWW-Authenticate",
        "X-Xet-Hash",
        "Accept-Ranges",
    ),
)


class Mad(Hub):
    """Every second answer or so is spoilt: another status, other headers, another body, in any mixture."""

    def __init__(self, seed: str) -> None:
        world = worlds.demo(20_000)
        super().__init__(world.repos, world.users)
        self._dice = random.Random(seed)
        self._lock = threading.Lock()
        self.spoilt = 0

    def _answer(self, name: str) -> Callable[[Request], Response]:
        real = super()._answer(name)

        def answer(request: Request) -> Response:
            with self._lock:
                if self._dice.random() < 0.3:
                    return real(request)
                self.spoilt += 1
                return self._spoil(real(request))

        return answer

    def _spoil(self, response: Response) -> Response:
        dice = self._dice
        if dice.random() < 0.4:
            response = replace(response, status=dice.choice(STATUSES))
        for _ in range(dice.choice((0, 0, 1, 2, 5))):
            response = response.having({dice.choice(HEADERS): dice.choice(VALUES)})
        if dice.random() < 0.5:
            response = replace(response, body=self._body(bytes(response.body)))
        if dice.random() < 0.05:
            response = response.delivered(
                Delivery(stop_after=dice.choice((-1, 0, 7)), ending="close")
            )
        return response

    def _body(self, body: bytes) -> bytes:
        dice = self._dice
        match dice.randrange(6):
            case 0:
                return dice.randbytes(dice.choice((0, 1, 40, 5000)))
            case 1:
                return json.dumps(self._value(0)).encode()
            case 2:
                return PORTAL
            case 3:
                return body[: dice.randrange(len(body) + 1)]
            case 4:
                return f"Invalid token {worlds.GOOD} for {worlds.QWEN}".encode()
            case _:
                return self._bent(body)

    def _bent(self, body: bytes) -> bytes:
        """The hub's own document with one value that nobody expects."""
        try:
            document = json.loads(body)
        except ValueError:
            return body[::-1]
        place = document
        while isinstance(place, dict | list) and place:
            key = self._dice.choice(list(place) if isinstance(place, dict) else range(len(place)))
            if (
                not isinstance(place[key], dict | list)
                or not place[key]
                or self._dice.random() < 0.3
            ):
                place[key] = self._value(1)
                break
            place = place[key]
        return json.dumps(document).encode()

    def _value(self, depth: int) -> object:
        dice = self._dice
        kind = dice.randrange(9 if depth < 3 else 7)
        if kind < 7:
            plain = (None, True, -1, 10**30, 1.5, dice.choice(VALUES), f"../{worlds.GOOD}")
            return plain[kind]
        if kind == 7:
            return [self._value(depth + 1) for _ in range(dice.randrange(4))]
        keys = (
            "sha",
            "id",
            "gated",
            "name",
            "auth",
            "Data",
            "Files",
            "Code",
            "Message",
            "siblings",
            "error",
        )
        return {dice.choice(keys): self._value(depth + 1) for _ in range(dice.randrange(5))}


@pytest.mark.parametrize("part", range(PARTS))
def test_random_answers(tmp_path: Path, part: int) -> None:
    dice = random.Random(f"goals {part}")
    options = Options(only=NETWORK, limits=Limits(SECONDS, no_speed=True))
    with Mad(f"hub {part}") as hub:
        rounds = 0
        while hub.spoilt < ANSWERS:
            rounds += 1
            assert rounds < 200, "the hub is not asked"
            model = dice.choice(
                (worlds.QWEN, worlds.LLAMA, worlds.SMALL, worlds.PRIVATE, "no/such")
            )
            switch = dice.choice(("True", "False"))
            environ = at(hub, HF_TOKEN=worlds.GOOD, USE_MODELSCOPE=switch)
            began = time.monotonic()
            with looking(tmp_path, environ, model=model, kind="download") as context:
                report = examine(context, options)
            took = time.monotonic() - began
            assert took < SECONDS + 1, (part, rounds)
            crashed = [c for c in report.checks if c.state == "crashed"]
            assert crashed == [], (part, rounds)
            for name, text in islice(shown(report), None if rounds % 5 == 1 else 2):
                assert worlds.GOOD[4:-4] not in text, (part, rounds, name)

"""The check for leaks finds what it is there to find, and the faults of the suite leak nothing."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from qtune.core.errors import QtuneError
from tests.core.download import secrecy
from tests.core.download.downloading import Changes, Told, child, finished, get
from tests.core.download.segments import BOTH, model
from tests.hub import Fault, Hub, worlds
from tests.hub.fetch import fetch

TOKENS: Changes = {"HF_TOKEN": worlds.GOOD, "MODELSCOPE_API_TOKEN": worlds.MODELSCOPE}
SHARD = "model-00001-of-00002.safetensors"


def _url(hub: Hub) -> str:
    path = f"{hub.hf_url}/{worlds.QWEN}/resolve/main/{SHARD}"
    return fetch(path, "HEAD").headers["location"]


def test_a_token_at_the_storage_is_found(hub: Hub, tmp_path: Path) -> None:
    fetch(_url(hub), token=worlds.GOOD)
    (leak,) = secrecy.leaks(tmp_path, "")
    assert "was sent to cdn" in leak
    hub.forget()


def test_a_signature_at_another_host_is_found(hub: Hub, tmp_path: Path) -> None:
    parts = urlsplit(_url(hub))
    fetch(f"{hub.cdn_url}{parts.path}?{parts.query}")
    assert secrecy.leaks(tmp_path, "") == []
    fetch(f"{hub.hf_url}{parts.path}?{parts.query}")
    (leak,) = secrecy.leaks(tmp_path, "")
    assert "was sent to hf" in leak
    hub.forget()


def test_a_cookie_is_found(hub: Hub, tmp_path: Path) -> None:
    fetch(f"{hub.hf_url}/", headers={"Cookie": f"s={secrecy.COOKIE}"})
    (leak,) = secrecy.leaks(tmp_path, "")
    assert "was sent to hf" in leak
    hub.forget()


def test_a_secret_in_words_or_in_a_file_is_found(hub: Hub, tmp_path: Path) -> None:
    _url(hub)
    signature = hub.signatures[0]
    assert secrecy.leaks(tmp_path, "nothing") == []
    assert len(secrecy.leaks(tmp_path, f"GET /x?X-Amz-Signature={signature}")) == 1
    journal = tmp_path / ".qtune" / "x.done"
    journal.parent.mkdir()
    journal.write_text(f"0 5 {worlds.GOOD}")
    (leak,) = secrecy.leaks(tmp_path, "")
    assert "x.done" in leak
    shutil.rmtree(journal.parent)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", "*cdn", status=500),
        Fault("status", "*cdn", status=403),
        Fault("status", "*cdn", status=429, headers={"Retry-After": "9999"}),
        Fault("html", "*cdn"),
        Fault("gzip", "*cdn", method="GET"),
        Fault("reset", "*cdn"),
        Fault("refused", "*cdn"),
        Fault("redirect", "*cdn"),
        Fault("wrong-total", "*cdn"),
        Fault("lie", "*cdn", offsets=(5,)),
        Fault("cut", "*cdn", method="GET", after=0),
        Fault("lengthless", "*cdn"),
        Fault("status", "hf", "*/resolve/*", status=500),
        Fault("html", "hf", "*/resolve/*"),
    ],
    ids=lambda f: f"{f.kind}-{f.status or f.origin}",
)
def test_no_fault_lets_a_secret_out(tmp_path: Path, fault: Fault) -> None:
    """As a library and as a process, with both tokens; the check is made after every test of this folder."""
    world = worlds.demo()
    cookie = {"Set-Cookie": f"session={secrecy.COOKIE}; Path=/"}
    with Hub(world.repos, world.users) as hub:
        hub.fault(Fault("headers", "*", headers=cookie))
        hub.fault(fault)
        for changes in ({"USE_MODELSCOPE": "False", "QTUNE_FALLBACK": "False"}, BOTH):
            try:
                get(hub, tmp_path, worlds.LLAMA, Told(), **TOKENS, **changes)
            except QtuneError as error:
                secrecy.note(f"{error!r} {error.__cause__!r} {error.__context__!r}")
        finished(child(hub, tmp_path / "child", worlds.LLAMA, **TOKENS, USE_MODELSCOPE="False"))
        assert hub.carrying(worlds.GOOD) == {"hf"}


@pytest.mark.parametrize("target", ["hf", "ms", "cdn", "ms-cdn"])
def test_a_redirect_to_another_origin_takes_neither_token_nor_signature_along(
    tmp_path: Path, target: str
) -> None:
    """The storage of the one hub sends on to somebody else, as a portal or a thief would."""
    repo = model(2)
    world = worlds.demo()
    with Hub([repo], world.users) as hub:
        away = f"{hub.urls[target]}/elsewhere"
        hub.fault(Fault("redirect", "cdn", "/xet*", location=away))
        hub.fault(Fault("redirect", "hf", "/api/resolve-cache/*", location=away))
        with pytest.raises(QtuneError):
            get(hub, tmp_path, repo.id, **TOKENS, USE_MODELSCOPE="False", QTUNE_FALLBACK="False")
        assert hub.seen(target, "/elsewhere")
        assert hub.carrying(worlds.GOOD) == {"hf"}

"""https origins: trusted with their own CA file, and broken in the way each flaw is named for."""

from __future__ import annotations

import ssl
import threading

import pytest

from tests.hub import Fault, Hub, worlds
from tests.hub.fetch import fetch
from tests.hub.tls import Flaw


def trusting(hub: Hub) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=hub.ca_file)


def test_with_the_ca_file_every_origin_is_trusted() -> None:
    with Hub(worlds.demo().repos, tls=True) as hub:
        for url in hub.urls.values():
            assert url.startswith("https://")
            assert fetch(url, context=trusting(hub)).status in (200, 403, 404)
        ca_file = hub.ca_file
    assert ca_file is not None
    assert not ca_file.exists()


@pytest.mark.parametrize(
    ("flaw", "codes"),
    [
        ("expired", {10}),
        ("not-yet-valid", {9}),
        ("wrong-host", {62, 64}),
        ("self-signed", {18}),
    ],
)
def test_each_flaw_fails_verification_with_its_own_code(flaw: Flaw, codes: set[int]) -> None:
    with Hub(tls=flaw) as hub:
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            fetch(hub.hf_url, context=trusting(hub))
        assert caught.value.verify_code in codes


def test_without_the_ca_file_nothing_is_trusted() -> None:
    with Hub(tls=True) as hub:
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            fetch(hub.hf_url, context=ssl.create_default_context())
        assert caught.value.verify_code in (19, 20)


def test_tls_can_be_on_one_origin_only() -> None:
    with Hub(tls=True, tls_on={"cdn"}) as hub:
        assert hub.hf_url.startswith("http://")
        assert hub.cdn_url.startswith("https://")
        assert fetch(hub.hf_url).status == 200


def test_a_handshake_can_hang_or_be_reset_and_silence_ends_with_the_block() -> None:
    before = threading.active_count()
    with Hub(tls=True) as hub:
        context = trusting(hub)
        deaf = hub.fault(Fault("deaf", "hf"))
        with pytest.raises(TimeoutError):
            fetch(hub.hf_url, timeout=0.3, context=context)
        hub.lift(deaf)
        hub.fault(Fault("hangup", "hf", times=1))
        with pytest.raises((ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError)):
            fetch(hub.hf_url, context=context)
        hub.fault(Fault("silent", "hf"))
        with pytest.raises(TimeoutError):
            fetch(hub.hf_url, timeout=0.3, context=context)
        hub.heal()
        assert fetch(hub.hf_url, context=context).status == 200
    assert threading.active_count() == before


def test_plain_http_on_a_tls_port_is_dropped() -> None:
    with Hub(tls=True) as hub:
        with pytest.raises(OSError):
            fetch(hub.hf_url.replace("https://", "http://"))
        assert hub.requests == []

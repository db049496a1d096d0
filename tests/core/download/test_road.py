"""The bytes take the road that the settings say: the company's CA and the proxy."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtune.core.errors import QtuneError
from tests.core.download.downloading import FROM_HF, contents, expected, get
from tests.hub import Hub, Proxy, worlds

REPO = worlds.qwen3()


def test_tls_with_the_companys_own_ca(tmp_path: Path) -> None:
    with Hub([REPO], tls=True) as hub:
        with pytest.raises(QtuneError) as caught:
            get(hub, tmp_path, REPO.id, QTUNE_FALLBACK="False", **FROM_HF)
        assert caught.value.code == "NET103"
        found = get(hub, tmp_path, REPO.id, SSL_CERT_FILE=str(hub.ca_file), **FROM_HF)
        assert contents(found.path) == expected(REPO)


def test_every_byte_goes_through_the_proxy(hub: Hub, tmp_path: Path) -> None:
    with Proxy(login=("me", "let-me-in")) as proxy:
        found = get(hub, tmp_path, worlds.QWEN, HTTP_PROXY=proxy.url_with_login, **FROM_HF)
        assert contents(found.path) == expected(worlds.qwen3())
        assert len(proxy.requests) >= len(hub.requests) > 0

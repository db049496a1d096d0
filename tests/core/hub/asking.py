"""Settings that point at the local hub, and one hub opened with them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from qtune.core.envfile import EnvDocument
from qtune.core.http import open_client
from qtune.core.hub.interface import Hub as Opened
from qtune.core.hub.open import open_hub
from qtune.core.settings import Settings, resolve
from qtune.core.sources import Source, SourceKind
from tests.hub import Hub


def settings_for(
    hub: Hub, *, project: EnvDocument | None = None, trusted: bool = True, **changes: str
) -> Settings:
    """The process environment of somebody who trusts both local hubs with tokens, but for `changes`."""
    environ = {
        "HF_ENDPOINT": hub.hf_url,
        "MODELSCOPE_ENDPOINT": hub.ms_url,
        "HF_HUB_ETAG_TIMEOUT": "2",
        "HF_HUB_DOWNLOAD_TIMEOUT": "2",
        "QTUNE_LANG": "en",
    }
    if trusted:
        hosts = [url.partition("://")[2] for url in (hub.hf_url, hub.ms_url)]
        environ["QTUNE_TRUSTED_HOSTS"] = ",".join(hosts)
    return resolve(environ=environ | changes, project=project)


@contextlib.contextmanager
def opened(hub: Hub, kind: SourceKind, settings: Settings) -> Iterator[Opened]:
    endpoint = hub.ms_url if kind == "modelscope" else hub.hf_url
    with open_client(settings) as client:
        yield open_hub(Source(kind, endpoint), settings, client)

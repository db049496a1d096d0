"""May this run fetch by Xet, and is it worth going on with? In doubt it is not: plain HTTPS is always there."""

from __future__ import annotations

from importlib.util import find_spec
from urllib.parse import urlsplit

import httpx

from qtune.core.credentials import Credential
from qtune.core.errors import QtuneError
from qtune.core.http import ask
from qtune.core.hub.interface import Manifest
from qtune.core.hub.xet import XetAccess, xet_access
from qtune.core.origin import Level, Origin
from qtune.core.proxy import Proxy, proxy_for
from qtune.core.secret import Secret
from qtune.core.settings import Settings
from qtune.core.sources import Source
from qtune.core.text import Text
from qtune.core.trust import may_send

LEAST = 32 << 20  # bytes of a file; for less a process of its own is not worth its start
ANSWERS_WITHIN_S = 2.0
DEAD_S = 5.0  # without a byte
FAIR_S = 3.0  # of its bytes; a slower start is not yet a slow line

# Whoever names a hub must be trusted as much as the user's own login is.
_LOGIN = Credential("huggingface", Secret("-"), Origin(Level.USER))


def obstacle(source: Source, settings: Settings) -> Text | None:
    """Why this source's files are not fetched by Xet; None: nothing forbids it. Sends nothing."""
    if source.kind != "huggingface":
        return Text("only Hugging Face has Xet", "只有 Hugging Face 提供 Xet")
    if settings.flag("HF_HUB_DISABLE_XET"):
        return Text("HF_HUB_DISABLE_XET is on", "已开启 HF_HUB_DISABLE_XET")
    if not installed():
        return Text("hf_xet is not installed", "没有安装 hf_xet")
    if not may_send(_LOGIN, source.endpoint, settings):
        host = urlsplit(source.endpoint).hostname
        return Text(
            f"{host} is not Hugging Face itself, nor named in QTUNE_TRUSTED_HOSTS",
            f"{host} 不是 Hugging Face 官方主机，也不在 QTUNE_TRUSTED_HOSTS 中",
        )
    if settings.text("QTUNE_IP_FAMILY") in ("4", "6"):
        return Text(
            "hf_xet does not obey QTUNE_IP_FAMILY", "hf_xet 不支持 QTUNE_IP_FAMILY"
        )  # fmt: skip
    return None


def installed() -> bool:
    try:
        return find_spec("hf_xet") is not None
    except (ImportError, ValueError):
        return False


def offered(manifest: Manifest) -> Manifest | None:
    """The files of a listing that are worth fetching by Xet; None: there is none."""
    files = tuple(f for f in manifest.files if f.xet_hash and f.sha256 and f.size >= LEAST)
    if not files:
        return None
    here = manifest
    return Manifest(here.repo_id, here.revision, here.commit, files, here.listed_by, here.repo_type)


def reach(client: httpx.Client, manifest: Manifest, settings: Settings) -> XetAccess | Text:
    """A token, if the store that the hub names answers at once; else why not. Nothing is raised."""
    source = manifest.listed_by
    try:
        access = xet_access(
            client,
            source,
            settings,
            manifest.repo_id,
            manifest.commit,
            deadline_s=ANSWERS_WITHIN_S,
            repo_type=manifest.repo_type,
        )
        if access is None or not access.token.reveal() or not _fits(access.cas, source):
            return Text("the hub gives no token for Xet", "该 hub 不提供 Xet Token")
        proxy = proxy_for(access.origin, settings)
        if proxy is not None and (not isinstance(proxy, Proxy) or proxy.scheme.startswith("socks")):
            return Text("the proxy is none that hf_xet is known to use", "hf_xet 可能不支持该代理")
        ask(client, "GET", access.origin, deadline_s=ANSWERS_WITHIN_S, source=source.name)
    except QtuneError as error:
        return error.message
    except ValueError:
        return Text("the hub names a store that is none", "该 hub 给出的 Xet 地址无效")
    return access


def _fits(cas: str, source: Source) -> bool:
    """No step down from https, and no address that two programs could read in two ways."""
    parts = urlsplit(cas)
    schemes = ("https",) if source.endpoint.startswith("https:") else ("http", "https")
    plain = cas.isascii() and cas.isprintable() and not set(cas) & set("\\@ ")
    return parts.scheme in schemes and plain


def worth_going_on(elapsed_s: float, xet_bytes: int, plain_bytes_per_second: float) -> bool:
    """Given what came by Xet in the last `elapsed_s` seconds, and what plain HTTPS made of as many connections.

    Pure. A plain speed of 0 is one that nobody knows.
    """
    if xet_bytes <= 0:
        return elapsed_s < DEAD_S
    return elapsed_s < FAIR_S or xet_bytes / elapsed_s >= plain_bytes_per_second

"""Reading a hub's answer: JSON or nonsense, the server's own words, limits, redirects."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from qtune.core.errors import HubError, Nonsense, Refused
from qtune.core.http import Reply
from qtune.core.hub.interface import RateLimit
from qtune.core.secret import redact
from qtune.core.sources import Source
from qtune.core.text import Text
from qtune.core.trust import is_official

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_HOPS = 6


def is_html(headers: Mapping[str, str], body: bytes = b"") -> bool:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    start = body[:200].lstrip().lower()
    return kind == "text/html" or start.startswith((b"<!doctype html", b"<html"))


def decoded(reply: Reply, source: Source) -> Any:
    """The JSON of an answer. Raises Nonsense: NET105 for a web page, HUB223 for anything else."""
    if is_html(reply.headers, reply.body):
        raise portal(source, reply.url)
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError) as error:
        raise nonsense(source, "no JSON", "响应不是 JSON") from error


def portal(source: Source, url: str) -> Nonsense:
    host = host_of(url)
    return Nonsense(
        "NET105",
        Text(
            f"{source.title}: {host} answered with a web page that is not the hub's",
            f"{source.title}：{host} 返回的是网页，而不是下载源的响应",
        ),
        Text(
            "A sign-in page of the network or a proxy may stand in between: open the address in a "
            "browser, or run `qtune doctor`.",
            "中间可能隔着网络登录页或代理：请在浏览器中打开该地址，或运行 `qtune doctor`。",
        ),
        source=source.name,
    )


def not_a_hub(source: Source, reply: Reply) -> Nonsense:
    """Whoever answered is not the hub: a portal, or a mirror that only points to the hub itself."""
    target = redirect_target(reply.status, reply.headers, reply.url)
    if target is not None and is_official("huggingface", target):
        host = host_of(target)
        return Nonsense(
            "HUB205",
            Text(
                f"{source.title} serves nothing itself: it sends every request on to {host}",
                f"{source.title} 自己不提供文件，只把请求转给 {host}",
            ),
            Text(
                "Remove this mirror, or use USE_MODELSCOPE=True.",
                "请去掉这个镜像，或设置 USE_MODELSCOPE=True。",
            ),
            source=source.name,
            status=reply.status,
        )
    return portal(source, target or reply.url)


def nonsense(source: Source, en: str, zh: str) -> Nonsense:
    return Nonsense(
        "HUB223",
        Text(
            f"{source.title} ({host_of(source.endpoint)}) gave an answer that makes no sense: {en}",
            f"{source.title}（{host_of(source.endpoint)}）的响应无法理解：{zh}",
        ),
        Text("Run `qtune doctor` to see who answers there.", "运行 `qtune doctor` 查看对方是谁。"),
        source=source.name,
    )


def words(reply: Reply) -> str:
    """What the server says about a refusal, in one short line without secrets; "" for a web page."""
    said = reply.headers.get("x-error-message", "")
    if not said and not is_html(reply.headers, reply.body):
        said = _words_of_body(reply.body)
    printable = "".join(c if c.isprintable() else " " for c in said)
    return redact(" ".join(printable.split()))[:300]


def _words_of_body(body: bytes) -> str:
    text = body[:10_000].decode("utf-8", "replace")
    try:
        value = json.loads(body[:100_000])
    except (ValueError, RecursionError):
        return "" if text.lstrip().startswith("<") else text[:1000]
    if isinstance(value, dict):
        for key in ("error", "Message", "message"):
            if isinstance(value.get(key), str):
                return str(value[key])[:1000]
    return ""


def unavailable(reply: Reply, source: Source) -> HubError | None:
    """The error of an answer that says "later": 429 is HUB208, 5xx HUB200."""
    if reply.status == 429:
        wait = retry_after(reply.headers)
        after = Text(f" for {wait:.0f} s", f" {wait:.0f} 秒") if wait else Text("", "")
        return Refused(
            "HUB208",
            Text(
                f"{source.title} asks to wait{after.en}: too many requests (429)",
                f"{source.title} 要求等待{after.zh}：请求过多（429）",
            ),
            Text(
                "Try again later. With a token the limits are higher.",
                "请稍后再试。设置 Token 后限额更高。",
            ),
            source=source.name,
            status=429,
            retry_after=wait,
        )
    if reply.status >= 500:
        return HubError(
            "HUB200",
            Text(
                f"{source.title} ({host_of(reply.url)}) has a fault of its own: status {reply.status}",
                f"{source.title}（{host_of(reply.url)}）自身出错：状态码 {reply.status}",
            ),
            Text("Try again later, or use another source.", "请稍后再试，或换一个下载源。"),
            source=source.name,
            status=reply.status,
            retry_after=retry_after(reply.headers),
        )
    return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from Retry-After (seconds or a date), else from a RateLimit with nothing left."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}", value):
        return float(value)
    if value:
        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
        except (ValueError, TypeError, OverflowError):
            pass
    limit = rate_limit(headers)
    return float(limit.reset_s + 1) if limit is not None and limit.remaining == 0 else None


def rate_limit(headers: Mapping[str, str]) -> RateLimit | None:
    """From `RateLimit: "api";r=498;t=172` and its policy's q."""
    fields = dict(re.findall(r"\b([rt])=(\d{1,9})", headers.get("ratelimit", "")))
    if set(fields) != {"r", "t"}:
        return None
    quota = re.search(r"\bq=(\d{1,9})", headers.get("ratelimit-policy", ""))
    return RateLimit(int(fields["r"]), int(fields["t"]), int(quota.group(1)) if quota else None)


def redirect_target(status: int, headers: Mapping[str, str], url: str) -> str | None:
    """The absolute http(s) address that a redirect leads to, or None."""
    location = headers.get("location", "")
    if status not in REDIRECTS or not location:
        return None
    try:
        target = urljoin(url, location)
        parts = urlsplit(target)
        usable = (
            parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        )
    except ValueError:
        return None
    return target if usable else None


def origin_of(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), port


def same_origin(one: str, other: str) -> bool:
    return origin_of(one) == origin_of(other)


def host_of(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or redact(url)
    except ValueError:
        return redact(url)


def whole_number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\d{1,18}", text.strip()) else None

"""One way to speak HTTP: the user's proxy, CA and address family, our own deadlines, tokens only where they may go.

Redirects are never followed here, since each hop needs the question whether the token may go along.
The only place where httpx' exceptions become ours.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from importlib.util import find_spec

import httpx
import truststore

from qtune import __version__
from qtune.core.credentials import Credential
from qtune.core.deadline import watch, within
from qtune.core.errors import ConfigError, HubError, Nonsense, Unreachable
from qtune.core.proxy import BadProxy, Proxy, proxy_for
from qtune.core.secret import redact
from qtune.core.settings import Settings
from qtune.core.text import Text
from qtune.core.trust import may_send

LARGEST_ANSWER = 64 << 20  # a listing of 100,000 files is about 20 MiB of JSON


@dataclass(frozen=True)
class Reply:
    """A whole answer. `headers` has lower-case names; `body` is what was sent, decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    took_s: float


class Route(httpx.BaseTransport):
    """Sends each request along the road that the settings say: direct, or through the proxy for its URL."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._context = tls_context(settings)
        self._roads: dict[Proxy | None, httpx.HTTPTransport] = {}
        self._lock = threading.Lock()  # a client serves many threads

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        proxy = proxy_for(str(request.url), self._settings)
        if isinstance(proxy, BadProxy):
            raise bad_proxy(proxy)
        with self._lock:
            if proxy not in self._roads:
                self._roads[proxy] = self._road(proxy)
            road = self._roads[proxy]
        return _through(proxy, road, request) if proxy else road.handle_request(request)

    def _road(self, proxy: Proxy | None) -> httpx.HTTPTransport:
        family = self._settings.text("QTUNE_IP_FAMILY")
        if proxy is not None and proxy.scheme.startswith("socks") and not find_spec("socksio"):
            raise _without_socks(proxy)
        return watch(
            httpx.HTTPTransport(
                verify=self._context,
                proxy=_httpx_proxy(proxy, self._context) if proxy else None,
                local_address={"4": "0.0.0.0", "6": "::"}.get(family),
                limits=httpx.Limits(max_connections=256, max_keepalive_connections=64),
                trust_env=False,
            )
        )

    def close(self) -> None:
        for road in self._roads.values():
            road.close()


def _through(proxy: Proxy, road: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
    """A proxy that is dead, or that refuses, must not be taken for the hub behind it."""
    try:
        response = road.handle_request(request)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        if _stage(error) == "tls":
            raise
        raise httpx.ProxyError(f"{proxy.url}: {_cause(error)}", request=request) from error
    if response.status_code == 407:
        response.close()
        raise httpx.ProxyError(f"{proxy.url}: 407 {response.reason_phrase}", request=request)
    return response


def _httpx_proxy(proxy: Proxy, context: ssl.SSLContext) -> httpx.Proxy:
    password = proxy.password.reveal() if proxy.password else ""
    auth = (proxy.user, password) if proxy.user or password else None
    return httpx.Proxy(
        proxy.url, auth=auth, ssl_context=context if proxy.scheme == "https" else None
    )


def tls_context(settings: Settings) -> ssl.SSLContext:
    """The system's store, as huggingface_hub 2 uses it, or the CA file of SSL_CERT_FILE instead.

    Raises ConfigError NET110 for a CA file that is missing or holds no certificate.
    """
    path = settings.path("SSL_CERT_FILE")
    if path is None:
        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=str(path))
    except (OSError, ssl.SSLError) as error:
        origin = settings.origin("SSL_CERT_FILE").describe()
        raise ConfigError(
            "NET110",
            Text(
                f"SSL_CERT_FILE ({origin.en}) names {path}, which holds no CA certificate that can be read",
                f"SSL_CERT_FILE（{origin.zh}）指向 {path}，其中没有可读取的 CA 证书",
            ),
            Text(
                "Give the path of a PEM file, or remove the line.",
                "请填写 PEM 文件的路径，或删除这一行。",
            ),
        ) from error
    return context


_NO_COOKIES = DefaultCookiePolicy(allowed_domains=())


@contextlib.contextmanager
def open_client(settings: Settings) -> Iterator[httpx.Client]:
    """A client for any number of requests; connects within HF_HUB_ETAG_TIMEOUT seconds."""
    connect = float(settings.number("HF_HUB_ETAG_TIMEOUT"))
    read = float(settings.number("HF_HUB_DOWNLOAD_TIMEOUT"))
    client = httpx.Client(
        transport=Route(settings),
        timeout=httpx.Timeout(read, connect=connect),
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": f"qtune/{__version__}"},
    )
    client.cookies.jar.set_policy(
        _NO_COOKIES
    )  # a jar knows no ports: it would tell one hub of another
    try:
        yield client
    finally:
        client.close()


def authorization(credential: Credential | None, url: str, settings: Settings) -> dict[str, str]:
    """The header for `url`, or none where the token may not go."""
    if credential is None or not may_send(credential, url, settings):
        return {}
    return {"Authorization": f"Bearer {credential.secret.reveal()}"}


def ask(
    client: httpx.Client,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    deadline_s: float = 30.0,
    limit: int = LARGEST_ANSWER,
    source: str = "",
) -> Reply:
    """One request, read whole within `deadline_s` seconds and `limit` bytes.

    Raises Unreachable (NET1xx, HUB200) or Nonsense (HUB223). A status of any kind is an answer.
    """
    started = time.monotonic()
    with mapped(url, source), within(deadline_s):
        timeout = httpx.Timeout(
            deadline_s, connect=min(deadline_s, client.timeout.connect or deadline_s)
        )
        with client.stream(
            method, url, headers=dict(headers or {}), content=content, timeout=timeout
        ) as r:
            body = bytearray()
            for chunk in r.iter_bytes():
                body += chunk
                if len(body) > limit:
                    raise Nonsense(
                        "HUB223",
                        Text(
                            f"{_host(url)} sent more than {limit} bytes",
                            f"{_host(url)} 的响应超过 {limit} 字节",
                        ),
                        source=source,
                    )
                if time.monotonic() - started > deadline_s:
                    raise timed_out(url, deadline_s, source)
            lower = {name.lower(): value for name, value in r.headers.items()}
            return Reply(r.status_code, lower, bytes(body), str(r.url), time.monotonic() - started)


@contextlib.contextmanager
def mapped(url: str, source: str = "") -> Iterator[None]:
    """Turns httpx' exceptions of one request to `url` into ours."""
    try:
        yield
    except httpx.TimeoutException as error:
        stage = "tcp" if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout) else "timeout"
        raise unreachable(stage, url, source, "") from error
    except httpx.ProxyError as error:
        raise unreachable("proxy", url, source, redact(str(error))) from error
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError, OverflowError) as error:
        # The last two: a label of the host's name is too long, a port too great.
        raise unreachable("url", url, source, redact(str(error))) from error
    except httpx.DecodingError as error:
        raise Nonsense(
            "HUB223",
            Text(
                f"{_host(url)} sent a body that does not decompress", f"{_host(url)} 的响应无法解压"
            ),
            source=source,
        ) from error
    except httpx.HTTPError as error:
        raise unreachable(_stage(error), url, source, redact(_cause(error))) from error


_OTHER_FAMILY = {getattr(socket, "EAI_ADDRFAMILY", None), getattr(socket, "EAI_FAMILY", None)}


def _stage(error: BaseException) -> str:
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, socket.gaierror):
            # The name has an address, but none of the family that QTUNE_IP_FAMILY asks for.
            return "tcp" if chain.errno in _OTHER_FAMILY else "dns"
        if isinstance(chain, ssl.SSLError):
            return "tls"
        chain = chain.__cause__ or chain.__context__
    return "tcp" if isinstance(error, httpx.ConnectError) else "http"


def _cause(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _host(url: str) -> str:
    try:
        return httpx.URL(url).host or redact(url)
    except httpx.InvalidURL:
        return redact(url)


_STAGES = {
    "dns": ("NET101", Text("the name cannot be resolved", "域名无法解析")),
    "tcp": ("NET102", Text("no connection could be made", "无法建立连接")),
    "tls": ("NET103", Text("the certificate is not trusted", "证书不受信任")),
    "proxy": ("NET106", Text("the proxy did not let the request through", "代理未放行请求")),
    "url": ("HUB203", Text("the address cannot be used", "网址无法使用")),
    "timeout": ("HUB200", Text("it did not answer in time", "未在限定时间内响应")),
    "http": ("HUB200", Text("the connection broke", "连接中断")),
}


def unreachable(
    stage: str, url: str, source: str, detail: str, kind: type[Unreachable] = Unreachable
) -> Unreachable:
    """The error of a road to `url` that ended at `stage`. `detail` is in English, and already redacted."""
    code, what = _STAGES[stage]
    tail = f" ({detail})" if detail else ""
    return kind(
        code,
        Text(f"{_host(url)}: {what.en}{tail}", f"{_host(url)}：{what.zh}{tail}"),
        Text(
            "Run `qtune doctor` to see where the road ends.",
            "运行 `qtune doctor` 查看问题出在哪一步。",
        ),
        source=source,
        stage=stage,
    )


def timed_out(url: str, deadline_s: float, source: str = "") -> HubError:
    return Unreachable(
        "HUB200",
        Text(
            f"{_host(url)}: no complete answer within {deadline_s:.0f} s",
            f"{_host(url)}：{deadline_s:.0f} 秒内没有完整响应",
        ),
        Text(
            "Run `qtune doctor` to see where the road ends.",
            "运行 `qtune doctor` 查看问题出在哪一步。",
        ),
        source=source,
        stage="timeout",
    )


def _without_socks(proxy: Proxy) -> ConfigError:
    where = proxy.origin.describe()
    return ConfigError(
        "NET107",
        Text(
            f"{proxy.key} ({where.en}) names a SOCKS proxy, and the package socksio is not installed, "
            "without which qtune cannot speak to one",
            f"{proxy.key}（{where.zh}）是 SOCKS 代理，但没有安装 qtune 访问它所需的 socksio 包",
        ),
        Text(
            'Run `pip install "httpx[socks]"`, or give the address of an HTTP proxy.',
            '运行 `pip install "httpx[socks]"`，或改填 HTTP 代理的地址。',
        ),
    )


_PARTS = {"scheme": "协议", "port": "端口", "host": "主机"}


def bad_proxy(proxy: BadProxy) -> ConfigError:
    where = proxy.origin.describe()
    return ConfigError(
        "NET106",
        Text(
            f"{proxy.key} ({where.en}) is no proxy address that can be used: its {proxy.reason} is wrong",
            f"{proxy.key}（{where.zh}）不是可用的代理地址：{_PARTS[proxy.reason]}部分有误",
        ),
        Text(
            "Write it as http://host:port or socks5h://host:port.",
            "请写成 http://主机:端口 或 socks5h://主机:端口。",
        ),
    )

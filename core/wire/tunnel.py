"""Through a proxy to the host behind it: CONNECT, or SOCKS5, as the client would ask."""

from __future__ import annotations

import base64
import ipaddress
import ssl

from qtune.core.proxy import Proxy
from qtune.core.wire.dialling import kind_of
from qtune.core.wire.head import NotHttp, read_head
from qtune.core.wire.streams import Deadline, Ended, Stream, Tls

_SOCKS_SAID = {
    1: "general failure",
    2: "not allowed by its rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "time to live expired",
    7: "command not supported",
    8: "address type not supported",
}


def open_tunnel(stream: Stream, proxy: Proxy, host: str, port: int, until: Deadline) -> None:
    """From now on the stream leads to host:port. Raises Ended: auth, denied, timeout, reset, not_a_proxy."""
    try:
        if proxy.scheme.startswith("socks"):
            _socks(stream, proxy, host, port, until)
        else:
            _connect(stream, proxy, host, port, until)
    except NotHttp as error:
        raise Ended("not_a_proxy", f"{proxy.url} does not speak as a proxy: {error}") from error
    except OSError as error:
        raise _broken(error, proxy, until) from error


def enter(stream: Stream, proxy: Proxy, context: ssl.SSLContext, until: Deadline) -> Stream:
    """Into a proxy that is itself spoken to in TLS (https://)."""
    tls = Tls(stream, context, proxy.host)
    try:
        tls.handshake(until)
    except ssl.SSLCertVerificationError as error:
        words = f"the proxy's own certificate is not trusted: {error.verify_message}"
        raise Ended("not_a_proxy", words) from error
    except OSError as error:
        if kind_of(error) == "timeout":
            raise Ended("timeout", f"no handshake with {proxy.url} {until.words()}") from error
        words = f"{proxy.url} does not answer in TLS: the address should begin with http://"
        raise Ended("not_a_proxy", words) from error
    return tls


def login(proxy: Proxy) -> str:
    """The value of Proxy-Authorization, or ""."""
    if not proxy.user:
        return ""
    password = proxy.password.reveal() if proxy.password else ""
    return "Basic " + base64.b64encode(f"{proxy.user}:{password}".encode()).decode()


def wants_login(proxy: Proxy) -> Ended:
    has = "does not accept the user and password given" if proxy.user else "wants a password"
    return Ended("auth", f"the proxy {proxy.url} {has} (407)", "connect")


def _connect(stream: Stream, proxy: Proxy, host: str, port: int, until: Deadline) -> None:
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if proxy.user:
        lines.append(f"Proxy-Authorization: {login(proxy)}")
    stream.send("\r\n".join([*lines, "", ""]).encode("latin-1", "replace"), until)
    head = read_head(stream, until)
    if head.status == 407:
        raise wants_login(proxy)
    if head.status in (404, 405, 501):  # what a web server says to CONNECT
        raise Ended(
            "not_a_proxy", f"{proxy.url} answered {head.status} to CONNECT, as no proxy does"
        )
    if not 200 <= head.status < 300:
        raise Ended("denied", f"the proxy {proxy.url} answered {head.status} to CONNECT {target}")


def _socks(stream: Stream, proxy: Proxy, host: str, port: int, until: Deadline) -> None:
    """RFC 1928 and 1929. The name is looked up by the proxy, as httpx has it for socks5 and socks5h."""
    reader = _Exactly(stream, until)
    stream.send(b"\x05\x02\x00\x02" if proxy.user else b"\x05\x01\x00", until)
    version, method = reader.take(2)
    if version != 5:
        raise Ended("not_a_proxy", f"{proxy.url} does not speak SOCKS5")
    if method == 2:
        user = proxy.user.encode()[:255]
        password = (proxy.password.reveal() if proxy.password else "").encode()[:255]
        answer = bytes([1, len(user)]) + user + bytes([len(password)]) + password
        stream.send(answer, until)
        if reader.take(2)[1] != 0:
            raise Ended("auth", f"the proxy {proxy.url} does not accept the user and password")
    elif method != 0:
        raise Ended("auth", f"the proxy {proxy.url} wants a password")
    stream.send(b"\x05\x01\x00" + _socks_address(host) + port.to_bytes(2, "big"), until)
    version, said, _, kind = reader.take(4)
    if version != 5:
        raise Ended("not_a_proxy", f"{proxy.url} does not speak SOCKS5")
    if said != 0:
        words = _SOCKS_SAID.get(said, f"code {said}")
        raise Ended("denied", f"the proxy {proxy.url} could not reach {host}:{port}: {words}")
    length = {1: 4, 4: 16}.get(kind) or reader.take(1)[0]
    reader.take(length + 2)


def _socks_address(host: str) -> bytes:
    try:
        parsed = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode("idna")[:255]
        return b"\x03" + bytes([len(name)]) + name
    return (b"\x01" if parsed.version == 4 else b"\x04") + parsed.packed


class _Exactly:
    """So many bytes of a stream and no more: what follows belongs to the host behind the proxy."""

    def __init__(self, stream: Stream, until: Deadline) -> None:
        self._stream, self._until, self._left = stream, until, b""

    def take(self, count: int) -> bytes:
        while len(self._left) < count:
            data = self._stream.receive(self._until)
            if not data:
                raise ConnectionResetError
            self._left += data
        taken, self._left = self._left[:count], self._left[count:]
        return taken


def _broken(error: OSError, proxy: Proxy, until: Deadline) -> Ended:
    if kind_of(error) == "timeout":
        return Ended("timeout", f"the proxy {proxy.url} gave no answer {until.words()}")
    return Ended("reset", f"the proxy {proxy.url} hung up")

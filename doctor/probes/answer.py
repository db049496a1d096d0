"""Who answered? The hub, a page to sign in at, or something else that listens there."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urljoin, urlsplit

from qtune.core.proxy import Proxy
from qtune.core.trust import OFFICIAL
from qtune.core.wire.dialling import kind_of
from qtune.core.wire.head import Head, NotHttp, read_head
from qtune.core.wire.streams import Deadline, Ended, Stream
from qtune.core.wire.tunnel import login
from qtune.doctor.probes.exchange import request

Expected = Literal["hub", "file"]
HTML = ("text/html", "application/xhtml+xml")
_REDIRECTS = (301, 302, 303, 307, 308)


def asked(
    stream: Stream, url: str, through: Proxy | None, expected: Expected, until: Deadline
) -> Head:
    """The answer to one small request without a token. `through`: a proxy that is given the whole URL."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    address = parts.netloc.rpartition("@")[2]
    if not address.isascii():
        address = address.encode("idna").decode("ascii")
    headers = {"Accept": "application/json"} if expected == "hub" else {"Range": "bytes=0-0"}
    target = path.replace(" ", "%20")
    if through is not None:
        target = f"{parts.scheme}://{address}{target}"
        if through.user:
            headers["Proxy-Authorization"] = login(through)
    try:
        stream.send(request(target, address, headers), until)
        return read_head(stream, until)
    except NotHttp as error:
        if through is not None:
            words = f"{through.url} does not speak as a proxy: {error}"
            raise Ended("not_a_proxy", words, "connect") from error
        raise Ended("not_a_hub", str(error)) from error
    except OSError as error:
        if kind_of(error) == "timeout":
            raise Ended("timeout", f"no answer {until.words()}") from error
        raise Ended("reset", "it hung up without an answer") from error


def judge(head: Head, url: str, expected: Expected) -> None:
    """Raises Ended: portal, status, not_a_hub. Any other answer, also a refusal, means "reachable".

    A hub's API speaks JSON, in its refusals too. Of a host of large files nothing is expected but that
    it does not answer with a web page.
    """
    status, page = head.status, head.content_type in HTML
    if status == 511:
        raise Ended("portal", "the network wants you to sign in first (511)")
    if status >= 500:
        raise Ended("status", f"it answered {status}")
    if 200 <= status < 300 and page:
        raise Ended("portal", f"it answered {status} with a web page")
    if status in _REDIRECTS:
        target = _host(urljoin(url, head.headers.get("location", "")))
        if expected == "hub" and _foreign(_host(url), target):
            raise Ended("portal", f"it sends every request on to {target}")
        return
    if expected == "file":
        return
    if status in (403, 451) and page:
        raise Ended("status", f"it answered {status} with a web page: something on the way blocks")
    json = head.content_type.endswith(("/json", "+json"))
    if not json and (status < 300 or status in (400, 404, 405, 410)):
        kind = head.content_type or "nothing"
        raise Ended("not_a_hub", f"it answered {status} with {kind}, where a hub answers with JSON")


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _foreign(host: str, target: str) -> bool:
    """A hub may send on to its own other names, and a mirror to the hub that it mirrors."""
    official = {name for names in OFFICIAL.values() for name in names}
    same = host.removeprefix("www.") == target.removeprefix("www.")
    return not same and target not in official

"""Who answered? The hub, a page to sign in at, or something else that listens there."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urljoin, urlsplit

from qtune.core.trust import OFFICIAL
from qtune.doctor.probes.exchange import Head
from qtune.doctor.probes.streams import Ended

Expected = Literal["hub", "file"]
HTML = ("text/html", "application/xhtml+xml")
_REDIRECTS = (301, 302, 303, 307, 308)


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

"""One file over HTTP, one connection: resumed, retried, verified, and taken from the next source if need be.

Retries are counted only while nothing new arrives: a line that breaks every minute still ends at the
last byte. A signed address that ran out costs no retry.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from qtune.core.download.digest import Digests
from qtune.core.download.disk import write_error
from qtune.core.download.failures import (
    cut_short,
    passing,
    ranges_refused,
    storage_refuses,
    verdict,
    wrong_bytes,
)
from qtune.core.download.line import Line
from qtune.core.download.patience import Patience, back_off, wait
from qtune.core.download.response import (
    Expired,
    NoRanges,
    OddLength,
    Throttled,
    bytes_to_skip,
    other_size,
)
from qtune.core.download.roster import Roster, Supplier
from qtune.core.download.sink import Sink
from qtune.core.errors import HubError, NotFound, QtuneError
from qtune.core.http import mapped
from qtune.core.hub.answers import MOST_HOPS, nonsense, redirect_target, same_origin
from qtune.core.hub.interface import Location, RepoFile
from qtune.core.text import Text

MOST_RELOCATIONS = 3
MOST_ODD_LENGTHS = 2


@dataclass(frozen=True)
class Fetched:
    """`received` bytes came over the wire and were kept; `sources` sent some of them."""

    digests: Digests
    received: int
    sources: tuple[str, ...]


def fetch(file: RepoFile, repo_id: str, partial: Path, roster: Roster, line: Line) -> Fetched:
    """The whole file, verified, in `partial`.

    Raises HubError or DownloadError when no source can give it, DSK600 or DWN007 when the disk refuses.
    """
    try:
        with Sink(partial, file, line.stop) as sink:
            task = f"download:{file.path}"
            line.progress.start(task, file.size)
            try:
                _advance(line, file, sink.length)
                return _from_any(sink, repo_id, roster, line)
            finally:
                line.progress.finish(task)
    except OSError as error:
        raise write_error(error, partial.parent) from error


def _from_any(sink: Sink, repo_id: str, roster: Roster, line: Line) -> Fetched:
    senders, errors = dict[str, None](), list[QtuneError]()
    tried: set[str] = set()
    while supplier := next((s for s in roster.active() if s.name not in tried), None):
        tried.add(supplier.name)
        sink.inherited = sink.length
        before = sink.received
        try:
            right = _complete(sink, repo_id, supplier, roster, line)
        except QtuneError as error:
            line.check()
            errors.append(error)
        else:
            if right:
                if sink.received > before:
                    senders[supplier.name] = None
                return Fetched(sink.digests(), sink.received, tuple(senders))
            errors.append(wrong_bytes(sink.file, supplier))
            _start_over(sink, line)
            senders.clear()
        if sink.received > before and sink.length:
            senders[supplier.name] = None
        _give_up_on(supplier, errors[-1], roster, line)
    raise verdict(sink.file, [*roster.errors, *errors])


def _start_over(sink: Sink, line: Line) -> None:
    _advance(line, sink.file, -sink.length)
    sink.restart()


def _give_up_on(supplier: Supplier, error: QtuneError, roster: Roster, line: Line) -> None:
    """A source without this one file may have the others; any other failure ends it for this run."""
    if isinstance(error, NotFound):
        return
    if roster.drop(supplier, error):
        line.say(
            Text(
                f"{supplier.title} is dropped for this run: {error.message.en}",
                f"本次不再使用 {supplier.title}：{error.message.zh}",
            )
        )


def _complete(sink: Sink, repo_id: str, supplier: Supplier, roster: Roster, line: Line) -> bool:
    """Whether `supplier` completed the file with the right bytes; a doubtful start is fetched anew once."""
    first_of_all = True
    while True:
        _fill(sink, repo_id, supplier, roster, line)
        if sink.digests().match(sink.file):
            return True
        if not (first_of_all and (sink.inherited or len(roster.active()) == 1)):
            return False
        first_of_all = False
        line.say(
            Text(
                f"{sink.file.path}: the hash is wrong; fetching it once more from the start",
                f"{sink.file.path}：哈希不符，从头重新下载一次",
            )
        )
        _start_over(sink, line)


def _fill(sink: Sink, repo_id: str, supplier: Supplier, roster: Roster, line: Line) -> None:
    """Until no byte is missing. Raises HubError or DownloadError when this supplier cannot go on."""
    patience = Patience(length=sink.length)
    location: Location | None = None
    in_parts = True
    odd_lengths: list[int] = []
    while sink.missing:
        line.check()
        given_up = roster.error_of(supplier)
        if given_up is not None:
            raise given_up
        try:
            if location is None:
                location = _located(sink.file, repo_id, supplier)
            _stream(location, sink, supplier, in_parts, line)
            if sink.missing:
                raise cut_short(sink, supplier)
        except NoRanges:
            patience.note(sink.length)
            if not in_parts:
                raise ranges_refused(supplier) from None
            in_parts = False
        except OddLength as odd:
            if len(odd_lengths) == MOST_ODD_LENGTHS:
                raise other_size(sink.file, odd.size, supplier.hub.source) from None
            odd_lengths.append(odd.size)
            location = None
        except Expired:
            patience.note(sink.length)
            location = None
            patience.relocations += 1
            if patience.relocations > MOST_RELOCATIONS:
                raise storage_refuses(supplier) from None
        except Throttled as told:
            patience.note(sink.length)
            wait(told, patience, supplier, roster, line)
        except HubError as error:
            line.check()
            patience.note(sink.length)
            if error.status == 429 or (error.status == 503 and error.retry_after is not None):
                wait(Throttled(error.status, error.retry_after), patience, supplier, roster, line)
                continue
            if not passing(error):
                raise
            back_off(error, patience, roster, line)
            location = None


def _located(file: RepoFile, repo_id: str, supplier: Supplier) -> Location:
    location = supplier.hub.locate(repo_id, supplier.commit, file.path)
    if location.size is not None and location.size != file.size:
        raise other_size(file, location.size, supplier.hub.source)
    return location


def _stream(location: Location, sink: Sink, supplier: Supplier, in_parts: bool, line: Line) -> None:
    """One GET, until its body ends or breaks; what came is in the sink."""
    url, headers = location.url, dict(location.headers)
    source = supplier.hub.source
    offset = sink.length
    asked_part = bool(offset) and in_parts
    for _ in range(MOST_HOPS):
        sent = {**headers, "Accept-Encoding": "identity"}
        if asked_part:
            sent["Range"] = f"bytes={offset}-"
        with (
            mapped(url, source.name),
            line.client.stream("GET", url, headers=sent) as response,
            line.streaming(response),
        ):
            lower = {name.lower(): value for name, value in response.headers.items()}
            target = redirect_target(response.status_code, lower, url)
            if target is None:
                skip = bytes_to_skip(response, sink.file, offset, asked_part, source)
                exact = lower.get("content-length") == str(skip + sink.missing)
                for chunk in response.iter_raw():
                    line.check()
                    new = chunk[skip : skip + sink.missing]
                    skip -= min(skip, len(chunk))
                    sink.write(new)
                    _advance(line, sink.file, len(new))
                    if not sink.missing and not exact:
                        return  # whatever else it sends is not ours; the hash decides
                return
        if not same_origin(url, target):
            headers = {}  # what belongs to one address goes to no other
        url = urljoin(url, target)
    raise nonsense(source, "redirects in a circle", "重定向陷入循环")


def _advance(line: Line, file: RepoFile, amount: int) -> None:
    if amount:
        line.progress.advance(f"download:{file.path}", amount)
        line.progress.advance("download", amount)

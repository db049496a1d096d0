"""A whole download with Xet beside plain HTTPS: what it brings is kept, and no fault of it costs the file."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from qtune.core.download import xet, xet_run
from qtune.core.download.engine import beside
from qtune.core.download.events import Dropped, Event, Said, Status
from qtune.core.download.xet_run import XetRun
from tests.core.download.downloading import FROM_HF, Changes, Told, contents, expected, get
from tests.hub import Fault, Hub, Kind, Proxy, Repo, worlds

MiB = 1 << 20
XET = "huggingface-xet"
CHANGES: Changes = {**FROM_HF, "QTUNE_CONNECTIONS": "8"}


class Slow(Told):
    """The plain way is slow, until something is said of Xet: it cannot be done before that."""

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self._pace = hub.fault(Fault(Kind.PACED, "cdn", bytes_per_second=600_000)).pace

    def __call__(self, event: Event) -> None:
        super().__call__(event)
        if isinstance(event, Dropped | Said):
            self._pace.bytes_per_second = 1 << 40

    @property
    def dropped(self) -> list[str]:
        return [event.source for event in self.of(Dropped)]


@pytest.fixture
def repo() -> Repo:
    return Repo("o/n", {"model.safetensors": os.urandom(12 * MiB + 7), "config.json": b"{}"})


@pytest.fixture
def hub(repo: Repo) -> Iterator[Hub]:
    with Hub([repo], worlds.USERS, xet=True) as running:
        yield running


@pytest.fixture(autouse=True)
def children(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Files of this size are worth it here, and no child outlives its download."""
    monkeypatch.setattr(xet, "LEAST", MiB)
    monkeypatch.setattr(xet, "ANSWERS_WITHIN_S", 0.5)
    started: list[subprocess.Popen[bytes]] = []
    original = XetRun.__init__

    def recorded(self: XetRun, *arguments: object) -> None:
        original(self, *arguments)  # type: ignore[arg-type]
        started.append(self._process)

    monkeypatch.setattr(XetRun, "__init__", recorded)
    yield started
    assert all(process.poll() is not None for process in started)


def test_it_joins_and_what_it_brought_is_part_of_the_file(
    hub: Hub, repo: Repo, tmp_path: Path
) -> None:
    told = Slow(hub)
    found = get(hub, tmp_path, repo.id, told, **CHANGES, HF_TOKEN=worlds.GOOD)
    assert contents(found.path) == expected(repo)
    assert set(found.sources_used) == {"huggingface", XET} and not found.dropped
    assert hub.seen("cas", "/xorbs/*")
    assert hub.carrying(worlds.GOOD) == {"hf"}
    assert found.bytes_fetched == repo.size


def test_the_connections_of_both_ways_together_are_those_that_the_user_allows(
    hub: Hub, repo: Repo, tmp_path: Path
) -> None:
    told = Slow(hub)
    get(hub, tmp_path, repo.id, told, **FROM_HF, QTUNE_CONNECTIONS="4")
    assert hub.seen("cas", "/xorbs/*")
    assert max(sum(s.connections for s in status.sources) for status in told.of(Status)) <= 4


def test_with_one_connection_there_is_no_second_way(hub: Hub, repo: Repo, tmp_path: Path) -> None:
    found = get(hub, tmp_path, repo.id, **FROM_HF, QTUNE_CONNECTIONS="1")
    assert contents(found.path) == expected(repo)
    assert not hub.seen("cas")


@pytest.mark.parametrize(
    "changes",
    [{"HF_HUB_DISABLE_XET": "1"}, {"QTUNE_TRUSTED_HOSTS": ""}],
    ids=lambda c: next(iter(c)),
)
def test_where_something_forbids_it_the_store_is_not_touched(
    changes: Changes, hub: Hub, repo: Repo, tmp_path: Path
) -> None:
    found = get(hub, tmp_path, repo.id, **CHANGES, **changes)
    assert contents(found.path) == expected(repo)
    assert not hub.seen("cas") and not hub.seen(path="*xet-read-token*")


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Kind.REFUSED, "cas"),
        Fault(Kind.DEAF, "cas"),
        Fault(Kind.SILENT, "cas"),
        Fault(Kind.STATUS, "hf", "*xet-read-token*", status=404),
        Fault(Kind.HTML, "cas"),
        Fault(Kind.STATUS, "cas", "/v2/*", status=500),
        Fault(Kind.STATUS, "cas", "/xorbs/*", status=403),
        Fault(Kind.TRUNCATED, "cas", "/xorbs/*", skip=3),
        Fault(Kind.CUT_RESET, "cas", "/xorbs/*", skip=3),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.origin}{fault.path.replace('*', '')}",
)
def test_no_fault_of_it_costs_the_file_and_what_came_before_it_is_kept(
    fault: Fault, hub: Hub, repo: Repo, tmp_path: Path
) -> None:
    hub.fault(fault)
    told = Slow(hub)
    found = get(hub, tmp_path, repo.id, told, **CHANGES)
    assert contents(found.path) == expected(repo)
    assert told.dropped == [XET] or (not told.dropped and "Xet is not used" in told.text)
    assert found.bytes_fetched == repo.size  # nothing was fetched and written twice


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Kind.SILENT, "cas", "/v2/*"),
        Fault(Kind.STALL, "cas", "/xorbs/*", skip=3, after=1000),
        Fault(Kind.SLOW, "cas", "/xorbs/*", skip=4, bytes_per_second=30_000),
    ],
    ids=lambda fault: fault.kind,
)
def test_dead_or_slower_it_is_given_up_before_anybody_else_loses_patience(
    fault: Fault, hub: Hub, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (xet, xet_run, beside):
        monkeypatch.setattr(module, "DEAD_S", 1.5)
        monkeypatch.setattr(module, "FAIR_S", 0.5, raising=False)
    hub.fault(Fault(Kind.SLOW, "cdn", bytes_per_second=600_000))
    hub.fault(fault)
    told = Told()
    found = get(hub, tmp_path, repo.id, told, **CHANGES, HF_HUB_DOWNLOAD_TIMEOUT="30")
    assert contents(found.path) == expected(repo)
    assert [event.source for event in told.of(Dropped)] == [XET]
    assert beside.DEAD.en in told.text or beside.SLOWER.en in told.text
    assert found.bytes_fetched == repo.size


def test_wrong_bytes_of_it_are_fetched_anew_the_plain_way(
    hub: Hub, repo: Repo, tmp_path: Path
) -> None:
    hub.fault(Fault(Kind.CORRUPT, "cas", "/xorbs/*", after=100))
    told = Slow(hub)
    found = get(hub, tmp_path, repo.id, told, **CHANGES)
    assert contents(found.path) == expected(repo)
    assert "the hash is wrong" in told.text and told.dropped == [XET]


def test_a_proxy_of_the_users_is_for_the_store_and_not_for_this_machine(
    hub: Hub, repo: Repo, tmp_path: Path
) -> None:
    with Proxy() as proxy:
        found = get(hub, tmp_path, repo.id, Slow(hub), **CHANGES, HTTP_PROXY=proxy.url)
        assert contents(found.path) == expected(repo) and XET in found.sources_used
        ports = {request.target.partition("://")[2].partition("/")[0] for request in proxy.requests}
        assert ports <= {url.partition("://")[2] for url in hub.urls.values()}

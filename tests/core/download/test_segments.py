"""One file in many pieces, from one source or from several at once: right, and no byte asked for twice."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from qtune.core.download.events import Dropped, FileDone, Finished, Planned, Status
from qtune.core.errors import QtuneError
from tests.core.download.downloading import Changes, Told, contents, expected, get, repo_folder
from tests.core.download.segments import (
    BOTH,
    HF_ALONE,
    MIB,
    MS_ALONE,
    WEIGHTS,
    answers,
    model,
    partials,
    sent,
    weights,
)
from tests.hub import Fault, Hub, Repo, worlds

REPO = model()
SIZE = weights(REPO)
STORAGES = ("cdn", "ms-cdn")


def _served(hub: Hub, home: Path, told: Told | None = None, **changes: str) -> Told:
    told = told or Told()
    found = get(hub, home, REPO.id, told, **(changes or HF_ALONE))
    assert contents(found.path) == expected(REPO)
    return told


def _ranges(hub: Hub, origin: str = "*cdn") -> list[tuple[int, int]]:
    """The parts asked for, as start and end (exclusive)."""
    found = []
    for request in hub.seen(origin, method="GET"):
        first, _, last = (
            request.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")
        )
        found.append((int(first), int(last) + 1 if last else SIZE))
    return found


@pytest.mark.parametrize("source", [HF_ALONE, MS_ALONE], ids=["huggingface", "modelscope"])
def test_a_file_comes_over_several_connections_and_no_byte_twice(
    tmp_path: Path, source: Changes
) -> None:
    with Hub([REPO]) as hub:
        for origin in STORAGES:
            hub.fault(Fault("slow", origin, bytes_per_second=8 * MIB))
        _served(hub, tmp_path, **source)
        assert len({r.connection for r in hub.seen("*cdn", method="GET")}) > 1
        assert sum(sent(hub, origin) for origin in STORAGES) <= SIZE * 1.05


def test_one_connection_is_one_connection(tmp_path: Path) -> None:
    with Hub([REPO]) as hub:
        _served(hub, tmp_path, **HF_ALONE, QTUNE_CONNECTIONS="1")
        assert len({r.connection for r in hub.seen("cdn", method="GET")}) == 1


def test_two_named_sources_serve_one_file_together(tmp_path: Path) -> None:
    with Hub([REPO]) as hub:
        for origin in STORAGES:
            hub.fault(Fault("paced", origin, bytes_per_second=8 * MIB))
        told = _served(hub, tmp_path, **BOTH)
        assert all(sent(hub, origin) > MIB for origin in STORAGES)
        assert sum(sent(hub, origin) for origin in STORAGES) <= SIZE * 1.1
        done = next(event for event in told.of(FileDone) if event.path == WEIGHTS)
        assert set(done.sources) == {"huggingface", "modelscope"}
        end = told.of(Finished)[-1]
        assert {each.source for each in end.sent} == {"huggingface", "modelscope"}
        assert sum(each.received for each in end.sent) >= REPO.size


def test_the_slower_of_two_sources_yields(tmp_path: Path) -> None:
    with Hub([REPO]) as hub:
        hub.fault(Fault("paced", "cdn", bytes_per_second=MIB // 4))
        hub.fault(Fault("paced", "ms-cdn", bytes_per_second=16 * MIB))
        _served(hub, tmp_path, **BOTH)
        assert sent(hub, "ms-cdn") > 3 * sent(hub, "cdn")


def test_a_single_named_source_is_the_only_one_contacted(tmp_path: Path) -> None:
    with Hub([REPO]) as hub:
        _served(hub, tmp_path, QTUNE_SOURCES="huggingface", QTUNE_FALLBACK="True")
        assert hub.seen("ms*") == []


# What an answer says and what it holds: each fault for ever, and for a while.

ODD = [
    Fault("no-range", "cdn"),
    Fault("wrong-range", "cdn"),
    Fault("more", "cdn"),
    Fault("fewer", "cdn", after=700_000),
    Fault("surplus", "cdn"),
    Fault("chunked", "cdn"),
    Fault("lengthless", "cdn"),
    Fault("http-1.0", "cdn"),
    Fault("not-kept", "cdn"),
    Fault("dropped", "cdn"),
    Fault("dropped", "cdn", seconds=0.05),
    Fault("stripped", "cdn", headers={"content-length": "", "etag": "", "accept-ranges": ""}),
    Fault("cut", "cdn", method="GET", after=900_000),
    Fault("wrong-range", "cdn", times=3),
    Fault("wrong-total", "cdn", times=1),
    Fault("wrong-length", "cdn", method="GET", times=5),
    Fault("truncated", "cdn", method="GET", times=5),
    Fault("truncated", "cdn", method="GET", after=0, times=2),
    Fault("no-range", "cdn", skip=3),
    Fault("status", "cdn", status=416, times=2),
    Fault("status", "cdn", method="GET", status=500, times=2),  # more in a row end a source that is not alone
    Fault("reset", "cdn", times=2),
    Fault("lie", "cdn", offsets=(3 * MIB,), times=8),
]  # fmt: skip


@pytest.mark.parametrize(
    "fault",
    ODD,
    ids=lambda f: "-".join(str(x) for x in (f.kind, f.after, f.times) if x is not None),
)
def test_odd_answers_are_recognised_and_borne(tmp_path: Path, fault: Fault) -> None:
    """The hub has a second source to go to: what is not borne must at least be seen."""
    with Hub([REPO]) as hub:
        hub.fault(fault)
        told = _served(hub, tmp_path, USE_MODELSCOPE="False")
        if fault.kind not in ("wrong-total", "lie"):
            assert told.of(Dropped) == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault("wrong-total", "cdn"), "DWN006"),
        (Fault("gzip", "cdn", method="GET"), "DWN010"),
        (Fault("html", "cdn"), "NET105"),
        (Fault("lie", "cdn", offsets=(5 * MIB,)), "DWN003"),
    ],
    ids=["wrong-total", "gzip", "html", "lie"],
)
def test_what_a_host_never_gets_right_is_named_and_the_other_hub_serves(
    tmp_path: Path, fault: Fault, code: str
) -> None:
    with Hub([REPO]) as hub:
        hub.fault(fault)
        with pytest.raises(QtuneError) as caught:
            get(hub, tmp_path / "alone", REPO.id, **HF_ALONE)
        assert caught.value.code == code
        told = _served(hub, tmp_path / "both", USE_MODELSCOPE="False")
        assert [event.source for event in told.of(Dropped)] == ["huggingface"]
        assert told.of(Finished)[-1].dropped[0][0] == "huggingface"


# A host that sends no parts, while parts are here already.


def _here(home: Path, stretches: list[tuple[int, int]]) -> None:
    """As an earlier run left it: these stretches of the weights, and a journal of them."""
    file = REPO.entries[WEIGHTS]
    part = partials(home, REPO) / f"{file.sha256}.part"
    part.parent.mkdir(parents=True)
    with part.open("wb") as stream:
        stream.truncate(file.size)
        for start, end in stretches:
            stream.seek(start)
            stream.write(file.data[start:end])
    lines = ["{}", *(f"{start} {end} huggingface" for start, end in stretches), ""]
    part.with_suffix(".done").write_text("\n".join(lines))


def test_a_whole_body_writes_nothing_over_what_is_here(tmp_path: Path) -> None:
    """The file is whole and verified while the body goes on, and its rest is wrong."""
    _here(tmp_path, [(MIB, 5 * MIB), (6 * MIB, SIZE)])
    with Hub([REPO]) as hub:
        hub.fault(Fault("no-range", "cdn"))
        hub.fault(Fault("slow", "cdn", bytes_per_second=8 * MIB))
        hub.fault(Fault("lie", "cdn", offsets=(3 * MIB, 8 * MIB)))
        told = _served(hub, tmp_path, **HF_ALONE, QTUNE_CONNECTIONS="1")
        assert len(hub.seen("cdn", method="GET")) <= 2  # a part, refused, and the whole
        assert (
            told.of(Finished)[-1].received == SIZE - 4 * MIB - (SIZE - 6 * MIB) + REPO.size - SIZE
        )


def test_silence_in_the_part_that_is_skipped_is_no_fault_of_the_disk(tmp_path: Path) -> None:
    _here(tmp_path, [(0, 5 * MIB)])
    with Hub([REPO]) as hub:
        hub.fault(Fault("no-range", "cdn"))
        hub.fault(Fault("stall", "cdn", method="GET", after=2 * MIB, times=2))
        _served(hub, tmp_path, **HF_ALONE, HF_HUB_DOWNLOAD_TIMEOUT="1", QTUNE_CONNECTIONS="1")


# A source that lies, and one that dies.


def test_wrong_bytes_cost_what_their_sender_sent_and_no_more(tmp_path: Path) -> None:
    with Hub([REPO]) as hub:
        for origin in STORAGES:
            hub.fault(Fault("paced", origin, bytes_per_second=8 * MIB))
        hub.fault(Fault("lie", "cdn", offsets=tuple(range(0, SIZE, 50_000))))
        told = _served(hub, tmp_path, **BOTH)
        assert sent(hub, "cdn") > MIB, "the liar sent too little to prove anything"
        assert sent(hub, "ms-cdn") <= SIZE * 1.05  # the honest source sent no byte twice
        assert [event.source for event in told.of(Dropped)] == ["huggingface"]


def test_a_liar_is_not_asked_for_the_next_file_either(tmp_path: Path) -> None:
    repo = model(12, shards=4)
    with Hub([repo]) as hub:
        hub.fault(Fault("lie", "cdn", offsets=tuple(range(0, SIZE, 50_000))))
        told = Told()
        found = get(hub, tmp_path, repo.id, told, QTUNE_CONNECTIONS="1", USE_MODELSCOPE="False")
        assert contents(found.path) == expected(repo)
        first = min(r.at for r in hub.seen("ms-cdn", method="GET"))
        late = [r for r in hub.seen("cdn", method="GET") if r.at > first + 5]
        assert late == []
        assert sent(hub, "cdn") < weights(repo)
        assert [event.source for event in told.of(Dropped)] == ["huggingface"]


@pytest.mark.parametrize("changes", [BOTH, {"USE_MODELSCOPE": "False"}], ids=["both", "fallback"])
def test_a_source_that_dies_in_the_middle_is_left_and_its_bytes_are_kept(
    tmp_path: Path, changes: Changes
) -> None:
    with Hub([REPO]) as hub:
        for origin in STORAGES:
            hub.fault(Fault("slow", origin, bytes_per_second=4 * MIB))
        hub.fault(Fault("dies", "cdn", after=3 * MIB))
        told = _served(hub, tmp_path, **changes)
        # With both at work, the other may have fetched the rest before it was called dead.
        if changes != BOTH:
            assert [event.source for event in told.of(Dropped)] == ["huggingface"]
        # What the dead one had in its sockets is lost, nothing else.
        assert sum(sent(hub, origin) for origin in STORAGES) <= SIZE * 1.1
        assert {each.source for each in told.of(Finished)[-1].sent} == {"huggingface", "modelscope"}


def test_when_every_source_dies_the_next_run_goes_on_from_there(tmp_path: Path) -> None:
    with Hub([REPO]) as hub:
        for origin in STORAGES:
            hub.fault(Fault("slow", origin, bytes_per_second=8 * MIB))
            hub.fault(Fault("dies", origin, after=4 * MIB))
        with pytest.raises(QtuneError):
            get(hub, tmp_path, REPO.id, **BOTH)
        hub.heal()
        hub.forget()
        told = _served(hub, tmp_path, **BOTH)
        assert told.of(Planned)[0].present > 4 * MIB
        assert sum(sent(hub, origin) for origin in STORAGES) < SIZE - 4 * MIB


# What is seen of it from outside.


def test_a_blob_is_never_seen_before_it_is_whole_and_verified(tmp_path: Path) -> None:
    repo = model(12, shards=4)
    blobs = repo_folder(tmp_path, repo.id) / "blobs"
    over, seen, wrong = threading.Event(), set[str](), list[str]()

    def watch() -> None:
        right = {file.etag: file.sha256 for file in repo.entries.values()}
        while not over.wait(0.01):
            for path in blobs.glob("*"):
                if path.name in right and path.name not in seen:
                    seen.add(path.name)
                    if hashlib.sha256(path.read_bytes()).hexdigest() != right[path.name]:
                        wrong.append(path.name)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with Hub([repo]) as hub:
            hub.fault(Fault("paced", "cdn", bytes_per_second=10 * MIB))
            hub.fault(Fault("lie", "cdn", offsets=(MIB,), times=6))
            get(hub, tmp_path, repo.id, **HF_ALONE)
    finally:
        over.set()
        watcher.join()
    assert wrong == []
    assert len(seen) > 2


def test_files_are_told_to_be_done_when_they_are(tmp_path: Path) -> None:
    repo = model(12, shards=4)
    blobs = repo_folder(tmp_path, repo.id) / "blobs"
    early: list[str] = []

    class Looking(Told):
        def __call__(self, event: object) -> None:
            if isinstance(event, FileDone):
                entry = repo.entries[event.path]
                if event.sha256 != entry.sha256 or not (blobs / entry.etag).is_file():
                    early.append(event.path)

    with Hub([repo]) as hub:
        get(hub, tmp_path, repo.id, Looking(), **HF_ALONE)
    assert early == []


def test_nothing_of_a_finished_download_stays_behind(tmp_path: Path) -> None:
    with Hub([REPO]) as hub:
        hub.fault(Fault("cut", "cdn", method="GET", times=4))
        _served(hub, tmp_path, **BOTH)
    partial = repo_folder(tmp_path, REPO.id) / ".qtune" / "partial"
    assert not partial.exists() or list(partial.iterdir()) == []


def test_the_status_never_runs_backwards_and_ends_whole(tmp_path: Path) -> None:
    with Hub([REPO]) as hub:
        hub.fault(Fault("paced", "cdn", bytes_per_second=10 * MIB))
        hub.fault(Fault("cut", "cdn", method="GET", times=3))
        told = _served(hub, tmp_path)
    done = [status.done for status in told.of(Status)]
    assert done == sorted(done)
    assert {status.total for status in told.of(Status)} == {REPO.size}
    end = told.of(Finished)[-1]
    assert (end.total, end.received + end.reused >= end.total) == (REPO.size, True)


def test_thousands_of_small_files_come_whole(tmp_path: Path) -> None:
    repo = Repo("o/many", {f"{n % 7}/{n}.json": b'{"n": %d}' % n for n in range(1500)})
    with Hub([repo]) as hub:
        found = get(hub, tmp_path, repo.id, **HF_ALONE)
        assert contents(found.path) == expected(repo)
        assert answers(hub, "hf", "/api/resolve-cache/*") == {200: 1500}
    assert repo.id != worlds.QWEN


def test_empty_files_and_files_of_one_byte_come_too(tmp_path: Path) -> None:
    large = {"empty.safetensors": b"", "one.safetensors": b"1", "two.safetensors": b"22"}
    repo = Repo("o/odd", {"empty.json": b"", "one.txt": b"1", **large})
    with Hub([repo]) as hub:
        for number, source in enumerate((HF_ALONE, MS_ALONE)):
            found = get(hub, tmp_path / str(number), repo.id, **source)
            assert contents(found.path) == expected(repo)

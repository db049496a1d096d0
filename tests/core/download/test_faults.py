"""A bad line, a bad host, bad bytes: the file arrives whole, or one error says why not."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from qtune.core.download.events import FileDone, Finished, Planned, Retried, Status
from qtune.core.errors import DownloadError, QtuneError
from tests.core.download.downloading import (
    FROM_HF,
    FROM_MS,
    Changes,
    Told,
    bodies,
    contents,
    expected,
    get,
    repo_folder,
)
from tests.hub import Fault, Hub, worlds

SHARD = "model-00001-of-00002.safetensors"
ALONE: Changes = {"QTUNE_FALLBACK": "False"}
HF_ALONE: Changes = {**FROM_HF, **ALONE}


def _served_anyway(hub: Hub, home: Path, **changes: Any) -> Told:
    told = Told()
    found = get(hub, home, worlds.QWEN, told, **(changes or HF_ALONE))
    assert contents(found.path) == expected(worlds.qwen3())
    return told


@pytest.mark.parametrize(
    "fault",
    [
        Fault("cut", "cdn", method="GET", times=2),
        Fault("cut-reset", "cdn", method="GET", times=2),
        Fault("cut", "cdn", method="GET", times=6),  # each one brings something new
        Fault("truncated", "cdn", method="GET", times=2),
        Fault("reset", "cdn", times=2),
        Fault("reset", "hf", "*/resolve/*", times=2),
        Fault("no-range", "cdn"),
        Fault("wrong-range", "cdn"),
        Fault("wrong-length", "cdn", method="GET", times=2),
        Fault("status", "cdn", status=500, times=3),
        Fault("status", "cdn", status=503, times=3),
        Fault("status", "cdn", status=408, times=3),
        Fault("status", "cdn", status=425, times=3),
        Fault("status", "hf", "*/resolve/*", status=502, times=3),
        Fault("corrupt", "cdn", method="GET", times=1),
        Fault("stripped", "cdn", headers={"accept-ranges": "", "etag": ""}),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status or fault.origin}-{fault.times}",
)
def test_it_is_overcome(hub: Hub, tmp_path: Path, fault: Fault) -> None:
    hub.fault(fault)
    _served_anyway(hub, tmp_path)


@pytest.mark.parametrize("kind", ["no-range", "wrong-range"])
def test_a_break_on_a_host_without_ranges_is_overcome(hub: Hub, tmp_path: Path, kind: str) -> None:
    hub.fault(Fault(kind, "cdn"))
    hub.fault(Fault("cut", "cdn", method="GET", times=2))
    _served_anyway(hub, tmp_path)


def test_a_stall_ends_after_the_download_timeout(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("stall", "cdn", method="GET", after=1000, times=1))
    started = time.monotonic()
    _served_anyway(hub, tmp_path, HF_HUB_DOWNLOAD_TIMEOUT="1", **HF_ALONE)
    assert 0.9 < time.monotonic() - started < 5


@pytest.mark.spares("DWN009")
def test_what_arrived_before_a_break_is_not_fetched_again(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("cut", "cdn", method="GET", times=2, after=150_000))
    _served_anyway(hub, tmp_path)
    ranges = [r.headers.get("range", "") for r in hub.seen("cdn", method="GET")]
    # The second cut may meet the rest of the first file, which is shorter than where it would cut.
    assert 1 <= sum(asked.startswith("bytes=150000-") for asked in ranges) <= 2
    large = sum(f.size for f in worlds.qwen3().entries.values() if f.large)
    assert sum(r.body_bytes_sent for r in hub.seen("cdn")) == large


def test_the_other_source_goes_on_where_the_first_one_died(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("cut", "cdn", method="GET", times=1, after=150_000))
    hub.fault(Fault("status", "cdn", status=500, skip=1))
    found = get(hub, tmp_path, worlds.QWEN, QTUNE_CONNECTIONS="1", **FROM_HF)
    assert contents(found.path) == expected(worlds.qwen3())
    assert found.sources_used == ("huggingface", "modelscope")
    ranges = [r.headers.get("range", "") for r in hub.seen("ms-cdn")]
    assert any(asked.startswith("bytes=150000-") for asked in ranges)


@pytest.mark.spares("DWN003")
def test_wrong_bytes_from_one_source_are_replaced_by_the_others(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("corrupt", "cdn"))
    told = Told()
    found = get(hub, tmp_path, worlds.QWEN, told, **FROM_HF)
    assert contents(found.path) == expected(worlds.qwen3())
    assert "modelscope" in found.sources_used
    assert [name for name, _ in found.dropped] == ["huggingface"]
    assert "Hugging Face is dropped" in told.text


def test_a_source_is_not_blamed_for_the_wrong_start_that_another_left(
    hub: Hub, tmp_path: Path
) -> None:
    hub.fault(Fault("corrupt", "cdn", method="GET", times=1, after=10))
    hub.fault(Fault("cut", "cdn", method="GET", times=1, after=150_000))
    hub.fault(Fault("status", "cdn", status=500, skip=1))
    found = get(hub, tmp_path, worlds.QWEN, QTUNE_CONNECTIONS="1", **FROM_HF)
    assert contents(found.path) == expected(worlds.qwen3())
    assert [name for name, _ in found.dropped] == ["huggingface"]


@pytest.mark.triggers("DWN003")
def test_a_small_file_is_verified_by_its_git_hash(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("corrupt", "hf", "*/config.json", method="GET"))
    with pytest.raises(DownloadError) as caught:
        get(hub, tmp_path, worlds.QWEN, **HF_ALONE)
    assert caught.value.code == "DWN003"
    assert "config.json" in caught.value.message.en
    hub.heal()
    hub.fault(Fault("corrupt", "ms", "*/repo", method="GET"))
    with pytest.raises(DownloadError) as caught:
        get(hub, tmp_path / "other", worlds.QWEN, **FROM_MS, **ALONE)
    assert caught.value.code == "DWN003"


@pytest.mark.triggers("DWN003")
def test_bytes_that_stay_wrong_are_never_shown(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("corrupt", "cdn"))
    with pytest.raises(DownloadError) as caught:
        get(hub, tmp_path, worlds.QWEN, include=["*.safetensors"], **HF_ALONE)
    assert caught.value.code == "DWN003"
    folder = repo_folder(tmp_path, worlds.QWEN)
    assert not (folder / "blobs").exists()
    assert not (folder / "snapshots").exists()


def test_a_spoilt_partial_file_is_found_by_its_hash_and_fetched_anew(
    hub: Hub, tmp_path: Path
) -> None:
    file = worlds.qwen3().entries[SHARD]
    partial = repo_folder(tmp_path, worlds.QWEN) / ".qtune" / "partial" / f"{file.sha256}.part"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(bytes(100_000))
    told = _served_anyway(hub, tmp_path)
    assert "the hash is wrong" in told.text


@pytest.mark.parametrize("length", [0, 1, 100_000, -1, 10**7])
def test_a_partial_file_of_any_length_is_gone_on_with(
    hub: Hub, tmp_path: Path, length: int
) -> None:
    file = worlds.qwen3().entries[SHARD]
    partial = repo_folder(tmp_path, worlds.QWEN) / ".qtune" / "partial" / f"{file.sha256}.part"
    partial.parent.mkdir(parents=True)
    whole = file.data if length == -1 else (file.data * 100)[:length]
    partial.write_bytes(whole)
    told = Told()
    found = get(hub, tmp_path, worlds.QWEN, told, include=["*.safetensors"], **HF_ALONE)
    assert (found.path / SHARD).read_bytes() == file.data
    sent = bodies(hub, f"*{file.sha256}")
    kept = min(len(whole), file.size) if len(whole) <= file.size else 0
    assert sent == file.size - kept


@pytest.mark.triggers("DWN010")
def test_a_compressed_body_is_refused_by_name(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("gzip", "cdn", method="GET"))
    with pytest.raises(DownloadError) as caught:
        get(hub, tmp_path, worlds.QWEN, **HF_ALONE)
    assert caught.value.code == "DWN010"
    assert {r.headers["accept-encoding"] for r in hub.seen("cdn", method="GET")} == {"identity"}


@pytest.mark.spares("DWN010")
def test_a_compressed_listing_is_read_and_compressed_is_how_only_listings_may_come(
    hub: Hub, tmp_path: Path
) -> None:
    hub.fault(Fault("gzip", "hf", "/api/models/*"))
    _served_anyway(hub, tmp_path)


@pytest.mark.triggers("NET105")
def test_a_portals_page_instead_of_bytes(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("html", "cdn"))
    with pytest.raises(QtuneError) as caught:
        get(hub, tmp_path, worlds.QWEN, **HF_ALONE)
    assert caught.value.code == "NET105"


@pytest.mark.triggers("HUB223")
def test_a_circle_of_redirects_ends(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("redirect", "cdn"))
    with pytest.raises(QtuneError) as caught:
        get(hub, tmp_path, worlds.QWEN, QTUNE_CONNECTIONS="1", **HF_ALONE)
    assert caught.value.code == "HUB223"
    assert len(hub.seen("cdn")) < 10


def test_a_redirect_of_the_storage_does_not_take_the_token_along(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("redirect", "hf", "/api/resolve-cache/*", "GET", location=hub.cdn_url + "/x"))
    with pytest.raises(QtuneError):
        get(hub, tmp_path, worlds.LLAMA, HF_TOKEN=worlds.GOOD, **HF_ALONE)
    assert hub.seen("cdn", "/x")
    assert hub.carrying(worlds.GOOD) == {"hf"}


@pytest.mark.spares("HUB208")
def test_a_wait_that_the_host_asks_for_is_kept_and_said(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("status", "cdn", status=429, headers={"Retry-After": "1"}, times=1))
    hub.fault(
        Fault("status", "hf", "*/resolve/*", status=429, headers={"Retry-After": "1"}, times=1)
    )
    told = Told()
    started = time.monotonic()
    found = get(hub, tmp_path, worlds.QWEN, told, QTUNE_CONNECTIONS="1", **HF_ALONE)
    assert contents(found.path) == expected(worlds.qwen3())
    assert time.monotonic() - started >= 2
    assert told.text.count("asks to wait 1 s (429)") == 2


@pytest.mark.triggers("HUB208")
def test_a_wait_too_long_to_keep_is_an_error_that_says_so(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("status", "cdn", status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(QtuneError) as caught:
        get(hub, tmp_path, worlds.QWEN, **HF_ALONE)
    assert caught.value.code == "HUB208"
    assert "3600 s" in caught.value.message.en


def test_a_listing_is_asked_for_again_after_a_fault_of_the_moment(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("status", "hf", "*/revision/*", status=503, times=1))
    hub.fault(Fault("status", "hf", "*/tree/*", status=429, headers={"Retry-After": "0"}, times=1))
    _served_anyway(hub, tmp_path)


def test_a_signed_address_that_ran_out_costs_no_retry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qtune.core.download.patience.MOST_FAILURES", 0)
    repo = worlds.qwen3()
    with Hub([repo]) as hub:
        hub.fault(Fault("status", "cdn", method="GET", status=403, times=3))
        found = get(hub, tmp_path, repo.id, **HF_ALONE)
        assert contents(found.path) == expected(repo)
        assert len(hub.seen("hf", "*/resolve/*safetensors", "GET")) > 2


@pytest.mark.triggers("HUB201")
def test_a_storage_that_refuses_every_address_is_named(tmp_path: Path) -> None:
    repo = worlds.qwen3()
    with Hub([repo], url_lifetime=-5) as hub:
        with pytest.raises(QtuneError) as caught:
            get(hub, tmp_path, repo.id, QTUNE_CONNECTIONS="1", **HF_ALONE)
        assert caught.value.code == "HUB201"
        assert len(hub.seen("cdn")) < 10


@pytest.mark.triggers("DWN009")
def test_a_line_that_brings_nothing_new_is_given_up(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("cut", "cdn", method="GET", after=0))
    with pytest.raises(DownloadError) as caught:
        get(hub, tmp_path, worlds.QWEN, QTUNE_CONNECTIONS="1", **HF_ALONE)
    assert caught.value.code == "DWN009"
    assert len(hub.seen("cdn", method="GET")) == 6
    assert caught.value.fix is not None and "goes on where it stopped" in caught.value.fix.en


def test_a_second_run_goes_on_where_the_first_one_failed(hub: Hub, tmp_path: Path) -> None:
    fault = hub.fault(Fault("cut", "cdn", method="GET", after=120_000, times=1))
    hub.fault(Fault("reset", "cdn", skip=1))
    with pytest.raises(DownloadError):
        get(hub, tmp_path, worlds.QWEN, QTUNE_CONNECTIONS="1", **HF_ALONE)
    hub.heal()
    hub.forget()
    found = get(hub, tmp_path, worlds.QWEN, **HF_ALONE)
    assert fault.after == 120_000
    repo = worlds.qwen3()
    assert contents(found.path) == expected(repo)
    large = sum(f.size for f in repo.entries.values() if f.large)
    assert sum(r.body_bytes_sent for r in hub.seen("cdn")) == large - 120_000


def test_what_was_here_counts_from_the_first_moment(hub: Hub, tmp_path: Path) -> None:
    first = "model-00001-of-00002.safetensors"
    here = get(hub, tmp_path, worlds.QWEN, include=[first], **HF_ALONE).bytes_fetched
    get(hub, tmp_path, worlds.QWEN, told := Told(), **HF_ALONE)
    (planned,), states = told.of(Planned), told.of(Status)
    assert planned.present == here and states[0].done >= here
    assert states[-1].done == states[-1].total == planned.total
    assert states[-1].files_done == states[-1].files == planned.files


def test_progress_adds_up(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("corrupt", "cdn", method="GET", times=1))
    hub.fault(Fault("cut", "cdn", method="GET", times=2, skip=1))
    told = _served_anyway(hub, tmp_path)
    repo = worlds.qwen3()
    (planned,), states = told.of(Planned), told.of(Status)
    assert (planned.total, planned.present) == (repo.size, 0)
    assert (states[-1].done, states[-1].total) == (repo.size, repo.size)
    assert states[-1].files_done == states[-1].files == planned.files
    assert sorted(done.path for done in told.of(FileDone)) == sorted(repo.entries)
    assert all(0 <= state.done <= state.total for state in states)
    (end,) = told.of(Finished)
    assert end.received >= repo.size and end.retries == len(told.of(Retried)) > 0

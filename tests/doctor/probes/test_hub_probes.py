"""Identity, listing, gate, storage and speed, asked of the local hub in each of its moods."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from qtune.core.download import download
from qtune.core.hub.interface import AccessState, Location
from qtune.core.smaller import QWEN3
from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Gate, Known, Listing, Reach, Speed, Unknown
from qtune.doctor.probes import gate, identity, listing, speed, storage
from tests.doctor.probes.looking import NOTHING, at, looking, source
from tests.hub import Fault, Hub, Repo, worlds
from tests.hub.worlds import LLAMA, QWEN

WEIGHT = "model-00001-of-00002.safetensors"


def listed(context: Context, name: str = "huggingface") -> Facts:
    """What later probes have seen: the listing."""
    fact = listing.probe(context, source(context, name), NOTHING)
    assert isinstance(fact, Known), fact
    return replace(NOTHING, listing={name: fact})


# --- identity ------------------------------------------------------------------------------------


def test_whose_token_it_is(hub: Hub, tmp_path: Path) -> None:
    for environ, name, user in (
        (at(hub, HF_TOKEN=worlds.GOOD), "huggingface", "alice"),
        (at(hub, MODELSCOPE_API_TOKEN=worlds.MODELSCOPE), "modelscope", "alice"),
    ):
        with looking(tmp_path, environ) as context:
            fact = identity.probe(context, source(context, name), NOTHING)
        assert isinstance(fact, Known)
        assert (fact.value.valid, fact.value.name) == (True, user)
    assert len(hub.seen("hf", "/api/whoami-v2")) == 1


def test_a_token_that_the_hub_refuses_is_invalid(hub: Hub, tmp_path: Path) -> None:
    with looking(tmp_path, at(hub, HF_TOKEN=worlds.EXPIRED)) as context:
        fact = identity.probe(context, source(context), NOTHING)
    assert isinstance(fact, Known)
    assert not fact.value.valid
    assert worlds.EXPIRED not in repr(fact)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_hub_in_trouble_says_nothing_about_the_token(
    hub: Hub, tmp_path: Path, status: int
) -> None:
    hub.fault(Fault("status", "hf", status=status))
    with looking(tmp_path, at(hub, HF_TOKEN=worlds.GOOD)) as context:
        fact = identity.probe(context, source(context), NOTHING)
    assert isinstance(fact, Unknown)
    assert fact.reason == ("limited" if status == 429 else "http")
    assert fact.detail


def test_a_silent_hub_says_nothing_about_the_token(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("silent", "hf"))
    environ = at(hub, HF_TOKEN=worlds.GOOD, HF_HUB_ETAG_TIMEOUT="1")
    with looking(tmp_path, environ) as context:
        fact = identity.probe(context, source(context), NOTHING)
    assert isinstance(fact, Unknown)
    assert fact.reason == "timeout"


def test_nobody_is_asked_whose_token_it_is_where_none_may_go(hub: Hub, tmp_path: Path) -> None:
    cases = {
        "no token": at(hub),
        "may not go": {"HF_ENDPOINT": hub.hf_url, "HF_TOKEN": worlds.GOOD},
        "DISABLE_IMPLICIT": at(hub, HF_TOKEN=worlds.GOOD, HF_HUB_DISABLE_IMPLICIT_TOKEN="1"),
    }
    for words, environ in cases.items():
        with looking(tmp_path, environ) as context:
            fact = identity.probe(context, source(context), NOTHING)
        assert isinstance(fact, Unknown)
        assert fact.reason == "needless"
        assert words in fact.detail
    with looking(tmp_path, at(hub, HF_TOKEN=worlds.GOOD, QTUNE_MIRRORS=hub.hf_url)) as context:
        fact = identity.probe(context, source(context, hub.hf_url), NOTHING)
    assert isinstance(fact, Unknown)
    assert hub.requests == []


# --- listing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["huggingface", "modelscope"])
def test_what_would_be_downloaded(hub: Hub, tmp_path: Path, name: str) -> None:
    repo = worlds.qwen3()
    with looking(tmp_path, at(hub)) as context:
        fact = listing.probe(context, source(context, name), NOTHING)
    assert isinstance(fact, Known)
    value = fact.value
    assert (value.files, value.bytes, value.cached_bytes) == (len(repo.files), repo.size, 0)
    assert (value.weight, value.weight_bytes) == (WEIGHT, len(repo.files[WEIGHT]))
    assert value.model_type == "qwen3"
    assert value.architecture == QWEN3["Qwen/Qwen3-4B"]
    if name == "huggingface":
        assert value.commit == repo.commit


def test_what_lies_in_the_cache_already_is_counted_by_its_hash_and_size(
    hub: Hub, tmp_path: Path
) -> None:
    repo = worlds.qwen3()
    cache = tmp_path / "cache"
    blobs = cache / "models--Qwen--Qwen3-4B/blobs"
    blobs.mkdir(parents=True)
    whole, cut = repo.entries[WEIGHT], repo.entries["model-00002-of-00002.safetensors"]
    config = repo.entries["config.json"]
    (blobs / whole.etag).write_bytes(whole.data)
    (blobs / cut.etag).write_bytes(cut.data[:-1])
    (blobs / config.etag).write_bytes(config.data.replace(b'"qwen3"', b'"local"'))
    with looking(tmp_path, at(hub, HF_HUB_CACHE=str(cache))) as context:
        fact = listing.probe(context, source(context), NOTHING)
    assert isinstance(fact, Known)
    assert fact.value.cached_bytes == whole.size + config.size
    assert fact.value.model_type == "local"  # read from the cache, not fetched
    assert hub.seen("hf", "*/config.json") == []


@pytest.mark.parametrize("links", ["False", "True"])
@pytest.mark.parametrize("name", ["huggingface", "modelscope"])
def test_after_a_download_nothing_is_left_to_fetch_from_either_hub(
    hub: Hub, tmp_path: Path, name: str, links: str
) -> None:
    keys = {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_SYMLINKS": links}
    first = {"USE_MODELSCOPE": str(name == "modelscope")}
    with looking(tmp_path, at(hub, **keys, **first)) as context:
        download(QWEN, context.settings, client=context.client)
        facts = [listing.probe(context, each, NOTHING) for each in context.sources]
    assert len(facts) == 2
    for fact in facts:
        assert isinstance(fact, Known)
        assert fact.value.cached_bytes == fact.value.bytes


def test_the_heaviest_safetensors_counts_not_a_heavier_other_file(hub: Hub, tmp_path: Path) -> None:
    files = {"a.safetensors": b"a" * 10, "b.safetensors": b"b" * 20, "original.pth": b"c" * 90}
    hub.change(repos=(Repo("acme/mixed", files),))
    with looking(tmp_path, at(hub), model="acme/mixed") as context:
        fact = listing.probe(context, source(context), NOTHING)
    assert isinstance(fact, Known)
    assert fact.value.weight == "b.safetensors"
    assert fact.value.model_type == ""


def test_a_gated_model_is_listed_though_its_config_cannot_be_read(hub: Hub, tmp_path: Path) -> None:
    with looking(tmp_path, at(hub), model=LLAMA) as context:
        fact = listing.probe(context, source(context), NOTHING)
    assert isinstance(fact, Known)
    assert fact.value.weight == WEIGHT
    assert fact.value.model_type == ""


@pytest.mark.parametrize("name", ["huggingface", "modelscope"])
@pytest.mark.parametrize("model", ["nobody/nothing", "not an id", "../../etc", "a/b/c"])
def test_a_model_that_is_not_there_is_absent(
    hub: Hub, tmp_path: Path, name: str, model: str
) -> None:
    with looking(tmp_path, at(hub), model=model) as context:
        fact = listing.probe(context, source(context, name), NOTHING)
    assert isinstance(fact, Unknown)
    assert fact.reason == "absent"
    assert fact.detail


def test_why_a_listing_could_not_be_had(hub: Hub, tmp_path: Path) -> None:
    for fault, reason in (
        (Fault("html", "hf"), "http"),
        (Fault("status", "hf", status=429), "limited"),
        (Fault("refused", "hf"), "refused"),
        (Fault("status", "hf", status=200, body=b"[1, 2"), "http"),
    ):
        hub.fault(fault)
        with looking(tmp_path, at(hub)) as context:
            fact = listing.probe(context, source(context), NOTHING)
        assert isinstance(fact, Unknown)
        assert fact.reason == reason
        hub.heal()
    with looking(tmp_path, at(hub, HTTP_PROXY="socks://127.0.0.1:1")) as context:
        fact = listing.probe(context, source(context), NOTHING)
    assert isinstance(fact, Unknown)
    assert fact.reason == "proxy"


def test_a_name_that_does_not_exist_is_a_matter_of_dns(tmp_path: Path) -> None:
    with looking(tmp_path, {"HF_ENDPOINT": "https://no-such-host.invalid"}) as context:
        fact = listing.probe(context, source(context), NOTHING)
    assert isinstance(fact, Unknown)
    assert fact.reason == "dns"


# --- gate ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "model", "state"),
    [
        ("", LLAMA, AccessState.GATED_NO_TOKEN),
        (worlds.GOOD, LLAMA, AccessState.GRANTED),
        (worlds.NO_LICENCE, LLAMA, AccessState.NOT_ACCEPTED),
        (worlds.PENDING, LLAMA, AccessState.PENDING),
        (worlds.REJECTED, LLAMA, AccessState.REJECTED),
        (worlds.FINE_GRAINED, LLAMA, AccessState.TOKEN_CANNOT_SEE_GATED),
        (worlds.UNKNOWN, QWEN, AccessState.BAD_TOKEN),
        ("", QWEN, AccessState.GRANTED),
        ("", "nobody/nothing", AccessState.MISSING_OR_PRIVATE),
    ],
)
def test_may_the_files_be_read(
    hub: Hub, tmp_path: Path, token: str, model: str, state: AccessState
) -> None:
    with looking(tmp_path, at(hub, HF_TOKEN=token), model=model) as context:
        fact = gate.probe(context, source(context), NOTHING)
    assert isinstance(fact, Known)
    assert fact.value.access.state is state
    assert fact.value.path == "config.json"
    assert fact.value.access.sent_token == bool(token)
    assert fact.value.rate_limit is not None
    if token:
        assert token not in repr(fact)


def test_the_file_that_was_listed_is_the_one_asked_for(hub: Hub, tmp_path: Path) -> None:
    with looking(tmp_path, at(hub)) as context:
        seen = listed(context)
        hub.forget()
        fact = gate.probe(context, source(context), seen)
    assert isinstance(fact, Known)
    assert isinstance(fact.value, Gate)
    assert fact.value.path == WEIGHT
    assert hub.seen("hf", f"*/{WEIGHT}", "HEAD")


def test_a_hub_in_trouble_says_nothing_about_the_gate(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("status", "hf", status=503))
    with looking(tmp_path, at(hub)) as context:
        fact = gate.probe(context, source(context), NOTHING)
    assert isinstance(fact, Unknown)
    assert fact.reason == "http"


# --- storage -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "cdn"), [("huggingface", "cdn"), ("modelscope", "ms-cdn")])
def test_the_host_of_the_large_files_is_walked_to_without_a_token(
    hub: Hub, tmp_path: Path, name: str, cdn: str
) -> None:
    tokens = {"HF_TOKEN": worlds.GOOD, "MODELSCOPE_API_TOKEN": worlds.MODELSCOPE}
    with looking(tmp_path, at(hub, **tokens)) as context:
        seen = listed(context, name)
        fact = storage.probe(context, source(context, name), seen)
    assert isinstance(fact, Known)
    assert isinstance(fact.value, Reach)
    assert fact.value.ok
    assert fact.value.port == urlsplit(hub.urls[cdn]).port
    assert fact.value.status == 206
    assert "?" not in fact.value.url
    assert "Signature" not in repr(fact)
    assert hub.seen(cdn)[-1].authorization is None
    assert cdn not in hub.carrying(worlds.GOOD) | hub.carrying(worlds.MODELSCOPE)


@pytest.mark.parametrize(
    ("fault", "stage", "kind"),
    [
        (Fault("refused", "cdn"), "tcp", "refused"),
        (Fault("html", "cdn"), "http", "portal"),
        (Fault("status", "cdn", status=500), "http", "status"),
        (Fault("reset", "cdn"), "http", "reset"),
    ],
    ids=["refused", "html", "500", "reset"],
)
def test_a_blocked_storage_host(
    hub: Hub, tmp_path: Path, fault: Fault, stage: str, kind: str
) -> None:
    with looking(tmp_path, at(hub)) as context:
        seen = listed(context)
        hub.fault(fault)
        fact = storage.probe(context, source(context), seen)
    assert isinstance(fact, Known)
    assert fact.value.failed is not None
    assert (fact.value.failed.name, fact.value.failed.kind) == (stage, kind)
    assert "Signature" not in repr(fact)


def test_any_status_below_500_means_that_the_storage_host_is_there(
    hub: Hub, tmp_path: Path
) -> None:
    with looking(tmp_path, at(hub)) as context:
        seen = listed(context)
        hub.fault(Fault("status", "cdn", status=403, body=b"<Error/>"))
        fact = storage.probe(context, source(context), seen)
    assert isinstance(fact, Known)
    assert fact.value.ok


def test_storage_is_unknown_where_the_hub_refuses_the_file(hub: Hub, tmp_path: Path) -> None:
    with looking(tmp_path, at(hub), model=LLAMA) as context:
        fact = storage.probe(context, source(context), listed(context))
        assert isinstance(fact, Unknown)
        assert fact.reason == "refused"
        fact = storage.probe(context, source(context), NOTHING)
        assert isinstance(fact, Unknown)
        assert fact.reason == "skipped"


# --- speed ---------------------------------------------------------------------------------------


@pytest.fixture
def big() -> Hub:
    """Two shards of 3 MB."""
    return Hub((worlds.qwen3(3_000_000),), worlds.USERS)


def measured(context: Context, name: str = "huggingface", seconds: float = 1.0) -> Speed:
    fact = speed.probe(context, source(context, name), listed(context, name), seconds)
    assert isinstance(fact, Known), fact
    return fact.value


@pytest.mark.parametrize(("name", "cdn"), [("huggingface", "cdn"), ("modelscope", "ms-cdn")])
def test_the_very_file_is_read_in_ranges_with_one_and_with_several(
    big: Hub, tmp_path: Path, name: str, cdn: str
) -> None:
    with big as hub, looking(tmp_path, at(hub, HF_TOKEN=worlds.GOOD)) as context:
        fact = measured(context, name)
        ranges = [r.headers["range"] for r in hub.seen(cdn) if r.headers["range"] != "bytes=0-0"]
    assert (fact.path, fact.host) == (WEIGHT, "localhost")
    assert fact.single.connections == 1
    assert fact.several is not None
    assert fact.several.connections == 4
    assert len(ranges) == 5
    assert len(set(ranges)) == 5
    assert not fact.single.failure and not fact.several.failure
    total = fact.single.bytes + fact.several.bytes
    assert 2_999_000 < total <= len(worlds.qwen3(3_000_000).files[WEIGHT])
    assert fact.ok
    assert "Signature" not in repr(fact) and "?" not in repr(fact)
    assert cdn not in hub.carrying(worlds.GOOD)


def test_a_throttled_connection_is_measured_as_slow_and_several_as_faster(
    big: Hub, tmp_path: Path
) -> None:
    with big as hub, looking(tmp_path, at(hub)) as context:
        hub.fault(Fault("slow", "cdn", bytes_per_second=200_000))
        started = time.monotonic()
        fact = measured(context)
        took = time.monotonic() - started
    assert 60_000 < fact.single.bytes_per_second < 400_000
    assert fact.several is not None
    assert fact.several.bytes_per_second > 1.5 * fact.single.bytes_per_second
    assert took < 3.5  # 1 s each, and what the requests take


def test_the_number_of_connections_is_the_settings(big: Hub, tmp_path: Path) -> None:
    with big as hub:
        with looking(tmp_path, at(hub, QTUNE_CONNECTIONS="2")) as context:
            fact = measured(context)
            assert fact.several is not None
            assert fact.several.connections == 2
        with looking(tmp_path, at(hub, QTUNE_CONNECTIONS="1")) as context:
            assert measured(context).several is None


def test_sixteen_mebibytes_are_shared_by_all_hubs(tmp_path: Path) -> None:
    with (
        Hub((worlds.qwen3(12 << 20),), worlds.USERS) as hub,
        looking(tmp_path, at(hub)) as context,
    ):
        assert len(context.sources) == 2
        fact = measured(context, seconds=3.0)
        assert fact.several is not None
        assert fact.single.bytes + fact.several.bytes <= (16 << 20) // 2
        sent = sum(request.body_bytes_sent for request in hub.seen("cdn"))
    assert sent <= (16 << 20) // 2 + 100


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("status", "cdn", status=403), "403"),
        (Fault("silent", "cdn"), "no byte within 1 s"),
        (Fault("reset", "cdn"), ""),
        (Fault("refused", "cdn"), ""),
    ],
    ids=["403", "silent", "reset", "refused"],
)
def test_a_reading_that_brings_nothing_says_how_it_ended(
    big: Hub, tmp_path: Path, fault: Fault, words: str
) -> None:
    with big as hub, looking(tmp_path, at(hub)) as context:
        seen = listed(context)
        hub.fault(fault)
        fact = speed.probe(context, source(context), seen, 1.0)
        assert isinstance(fact, Known)
        assert not fact.value.ok
        assert fact.value.single.bytes == 0
        assert fact.value.single.failure
        assert words in fact.value.single.failure
        assert fact.value.several is None
        assert "Signature" not in repr(fact)


def test_a_reading_that_stalls_is_counted_with_the_time_it_stalled(
    big: Hub, tmp_path: Path
) -> None:
    with big as hub, looking(tmp_path, at(hub)) as context:
        seen = listed(context)
        hub.fault(Fault("stall", "cdn", after=100_000))
        fact = speed.probe(context, source(context), seen, 0.6)
    assert isinstance(fact, Known)
    assert fact.value.single.bytes == 100_000
    assert fact.value.single.seconds >= 0.5
    assert fact.value.single.bytes_per_second < 210_000


def test_a_reading_that_gives_up_a_moment_before_the_time_is_over_stalled_too(
    big: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection's own limit and the reading's are as long: which of them is first is chance."""
    theirs = speed._read

    def sooner(
        client: httpx.Client, place: Location, start: int, size: int, count: Any, seconds: float
    ) -> None:
        theirs(client, place, start, size, count, min(seconds, 0.2))

    monkeypatch.setattr(speed, "_read", sooner)
    with big as hub, looking(tmp_path, at(hub)) as context:
        seen = listed(context)
        hub.fault(Fault("stall", "cdn", after=100_000))
        fact = speed.probe(context, source(context), seen, 5.0)
    assert isinstance(fact, Known)
    assert fact.value.single.bytes == 100_000
    assert fact.value.single.seconds >= 0.15
    assert fact.value.single.quiet_s >= 0.15


def test_a_server_that_ignores_ranges_is_not_read_to_its_end(big: Hub, tmp_path: Path) -> None:
    with big as hub, looking(tmp_path, at(hub)) as context:
        hub.fault(Fault("no-range", "cdn"))
        fact = measured(context)
    assert 700_000 < fact.single.bytes < 800_000  # a quarter of the file


def test_two_hubs_are_never_measured_at_once(big: Hub, tmp_path: Path) -> None:
    with big as hub, looking(tmp_path, at(hub)) as context:
        seen = {name: listed(context, name) for name in ("huggingface", "modelscope")}
        hub.fault(Fault("slow", "*cdn", bytes_per_second=300_000))
        hub.forget()
        threads = [
            threading.Thread(
                target=speed.probe, args=(context, source(context, name), seen[name], 0.5)
            )
            for name in seen
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        spans = []
        for origin in ("cdn", "ms-cdn"):
            times = [r.at for r in hub.seen(origin) if r.headers.get("range") != "bytes=0-0"]
            spans.append((min(times), max(times)))
    (first, second) = sorted(spans)
    assert first[1] < second[0]
    assert not context.line.locked()


def test_a_weight_that_is_empty_has_no_speed(hub: Hub, tmp_path: Path) -> None:
    with looking(tmp_path, at(hub)) as context:
        empty = Listing("a" * 40, 1, 0, 0, "empty.safetensors", 0)
        seen = replace(NOTHING, listing={"huggingface": Known(empty)})
        fact = speed.probe(context, source(context), seen)
    assert isinstance(fact, Unknown)
    assert fact.reason == "absent"
    assert hub.requests == []

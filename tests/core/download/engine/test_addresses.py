"""Signed addresses: when they end, by whoever signs them, and by clocks that are wrong."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtune.core.download.engine.addresses import MARGIN_S, Addresses, runs_out_at
from tests.core.download.engine.making import unwritten

AT = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC).timestamp()
S3 = "https://bucket.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20261123"


def cloudfront(ends: float) -> str:
    return f"https://cdn.example/k?Expires={ends:.0f}&Signature=x~y&Key-Pair-Id=K"


@pytest.mark.parametrize(
    ("url", "ends"),
    [
        (f"{S3}&X-Amz-Date=20261123T120000Z&X-Amz-Expires=3600&X-Amz-Signature=ab", AT + 3600),
        ("https://cas-bridge.example/k?x-amz-date=20261123T120000Z&x-amz-expires=60", AT + 60),
        (cloudfront(AT), AT),
        ("https://b.oss-cn-x.aliyuncs.com/k?OSSAccessKeyId=i&Expires=1795348800&Signature=s", 1795348800),
        (
            "https://b.oss-cn-x.aliyuncs.com/k?x-oss-signature-version=OSS4-HMAC-SHA256"
            "&x-oss-date=20261123T120000Z&x-oss-expires=7200&x-oss-signature=ab",
            AT + 7200,
        ),
        (
            "https://storage.googleapis.com/b/k?X-Goog-Algorithm=GOOG4-RSA-SHA256"
            "&X-Goog-Date=20261123T120000Z&X-Goog-Expires=900&X-Goog-Signature=ab",
            AT + 900,
        ),
    ],
    ids=("s3", "s3 lower case", "cloudfront", "oss", "oss v4", "gcs"),
)  # fmt: skip
def test_the_end_is_read_as_each_host_writes_it(url: str, ends: float) -> None:
    assert runs_out_at(url) == ends


@pytest.mark.parametrize(
    "query",
    [
        "",
        "Expires=",
        "Expires=soon",
        "Expires=nan",
        "Expires=inf",
        "X-Amz-Date=20261123T120000Z",
        "X-Amz-Date=20261123T120000Z&X-Amz-Expires=x",
        "X-Amz-Date=20261399T120000Z&X-Amz-Expires=60",
        "X-Amz-Date=20261123T120000Z&X-Amz-Expires=1e400",
        "Policy=eyJ9&Signature=s",
    ],
)
def test_what_makes_no_sense_says_nothing(query: str) -> None:
    assert runs_out_at(f"https://cdn.example/k?{query}") is None


@given(st.text(max_size=60))
def test_no_query_whatever_it_is_can_raise(query: str) -> None:
    runs_out_at("https://cdn.example/k?Expires=" + query)
    runs_out_at("https://cdn.example/k?X-Amz-Date=20261123T120000Z&X-Amz-Expires=" + query)
    runs_out_at("https://cdn.example/k?" + query)


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = AT
        monkeypatch.setattr(time, "time", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_an_address_is_used_until_shortly_before_its_end(tmp_path: Path, clock: Clock) -> None:
    known, job = Addresses(), unwritten(tmp_path, 10)
    known.learn(job, 0, cloudfront(AT + 3600), {"a": "b"})
    clock.now = AT + 3600 - MARGIN_S - 1
    found = known.signed(job, 0)
    assert found is not None and found.headers == {"a": "b"} and not found.hubs_own
    clock.now = AT + 3600 - MARGIN_S + 1
    assert known.signed(job, 0) is None
    clock.now = AT
    assert known.signed(job, 0) is None, "one that ended does not come back"


def test_a_very_short_one_is_used_for_half_of_its_life(tmp_path: Path, clock: Clock) -> None:
    known, job = Addresses(), unwritten(tmp_path, 10)
    known.learn(job, 0, cloudfront(AT + 10), {})
    clock.now = AT + 4
    assert known.signed(job, 0) is not None
    clock.now = AT + 6
    assert known.signed(job, 0) is None


@pytest.mark.parametrize("ahead_s", [3600.0 * 24 * 365, 3600.0, 1.0])
def test_one_that_served_although_it_is_over_by_this_clock_is_used_until_it_is_refused(
    tmp_path: Path, clock: Clock, ahead_s: float
) -> None:
    known, job = Addresses(), unwritten(tmp_path, 10)
    known.learn(job, 0, cloudfront(AT - ahead_s), {})
    clock.now = AT + 999_999
    found = known.signed(job, 0)
    assert found is not None and found.ends_at is None
    known.forget(job, 0, found.url)
    assert known.signed(job, 0) is None


def test_a_clock_that_is_slow_keeps_it_until_it_is_refused(tmp_path: Path, clock: Clock) -> None:
    clock.now = AT - 86_400
    known, job = Addresses(), unwritten(tmp_path, 10)
    known.learn(job, 0, cloudfront(AT + 3600), {})
    clock.now += 3700
    assert known.signed(job, 0) is not None


def test_a_refusal_of_an_old_one_leaves_the_new_one(tmp_path: Path, clock: Clock) -> None:
    known, job = Addresses(), unwritten(tmp_path, 10)
    known.learn(job, 0, cloudfront(AT + 100), {})
    known.learn(job, 0, cloudfront(AT + 200), {})
    known.forget(job, 0, cloudfront(AT + 100))
    found = known.signed(job, 0)
    assert found is not None and found.url == cloudfront(AT + 200)


def test_each_file_and_each_connection_has_its_own(tmp_path: Path, clock: Clock) -> None:
    known = Addresses()
    one, two = unwritten(tmp_path, 10, "one"), unwritten(tmp_path, 10, "two")
    known.learn(one, 0, cloudfront(AT + 100), {})
    known.learn(one, 7, cloudfront(AT + 200), {})
    assert known.signed(two, 0) is None and known.signed(one, 8) is None
    known.forget(one, 7, cloudfront(AT + 200))
    assert known.signed(one, 7) is None and known.signed(one, 0) is not None


def test_a_signed_address_is_never_shown(tmp_path: Path, clock: Clock) -> None:
    known, job = Addresses(), unwritten(tmp_path, 10)
    known.learn(job, 0, cloudfront(AT + 100), {"authorization": "Bearer hush"})
    assert "Signature" not in repr(known.signed(job, 0)) and "hush" not in repr(
        known.signed(job, 0)
    )

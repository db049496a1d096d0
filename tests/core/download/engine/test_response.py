"""Every status with every header that changes what an answer to a request for bytes means."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtune.core.download.response import (
    Expired,
    NoRanges,
    OddLength,
    Throttled,
    Wanted,
    bytes_to_skip,
)
from qtune.core.errors import DownloadError, HubError, Nonsense, QtuneError
from qtune.core.hub.interface import RepoFile
from tests.core.download.engine.making import HF

SIZE = 1000
FILE = RepoFile("model.safetensors", SIZE, "a" * 64, lfs=True)
PAGE = RepoFile("index.html", SIZE, "a" * 64)
WHOLE, FROM_START, FROM_MIDDLE = (0, False), (0, True), (400, True)
RESUMED_WHOLE = (400, False)  # of a source without parts: the body begins at the first byte

Asked = tuple[int, bool]


def judge(status: int, asked: Asked, file: RepoFile = FILE, **headers: str) -> int | str:
    """How many bytes to skip, or what was raised: its name, with the code of an error of qtune's."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return judged(status, asked, given, file)


def judged(
    status: int, asked: Asked, headers: Mapping[str, str], file: RepoFile = FILE
) -> int | str:
    try:
        return bytes_to_skip(
            status, headers, "https://cdn.example/k?sig=hush", Wanted(file, *asked), HF
        )
    except QtuneError as error:
        assert "hush" not in error.message.en + error.message.zh
        return error.code
    except (Expired, NoRanges, OddLength, Throttled) as error:
        return type(error).__name__


def test_what_was_asked_for_is_taken_as_it_is() -> None:
    assert judge(200, WHOLE, content_length="1000") == 0
    assert judge(200, WHOLE) == 0, "chunked: the length is not told"
    assert judge(206, FROM_START, content_range="bytes 0-99/1000", content_length="100") == 0
    assert judge(206, FROM_MIDDLE, content_range="bytes 400-999/1000") == 0
    assert judge(206, FROM_MIDDLE, content_range="bytes 400-999/*") == 0
    assert judge(206, FROM_MIDDLE, content_range="  bytes 400-999/1000 ") == 0


def test_the_whole_for_a_part_from_the_start_is_used_and_for_another_it_is_no_part() -> None:
    assert judge(200, FROM_START, content_length="1000") == 0
    assert judge(200, FROM_MIDDLE, content_length="1000") == "NoRanges"
    assert judge(200, FROM_MIDDLE) == "NoRanges"


def test_where_the_whole_was_asked_for_what_is_here_is_skipped() -> None:
    assert judge(200, RESUMED_WHOLE, content_length="1000") == 400


@pytest.mark.parametrize(
    "said",
    [
        "",
        "bytes 0-999/1000",
        "bytes 399-999/1000",
        "bytes */1000",
        "octets 400-999/1000",
        "bytes 400-999",
        "bytes=400-999/1000",
        "bytes 400-999/1000, bytes 0-1/1000",
        "bytes 0400x-999/1000",
        f"bytes {'4' * 19}-999/1000",
    ],
)
def test_another_part_than_asked_for_is_none(said: str) -> None:
    assert judge(206, FROM_MIDDLE, content_range=said) == "NoRanges"


def test_a_part_that_nobody_asked_for_is_none() -> None:
    assert judge(206, WHOLE, content_range="bytes 0-999/1000") == "NoRanges"
    assert judge(206, RESUMED_WHOLE, content_range="bytes 400-999/1000") == "NoRanges"


def test_a_part_of_a_file_of_another_size_is_another_file() -> None:
    assert judge(206, FROM_MIDDLE, content_range="bytes 400-998/999") == "DWN006"
    assert judge(206, FROM_START, content_range="bytes 0-1000/1001") == "DWN006"


def test_a_whole_that_is_longer_is_odd_and_one_that_is_shorter_may_break_off() -> None:
    assert judge(200, WHOLE, content_length="1001") == "OddLength"
    assert judge(200, FROM_MIDDLE, content_length="1001") == "OddLength"
    assert judge(200, WHOLE, content_length="999") == 0
    with pytest.raises(OddLength) as odd:
        bytes_to_skip(200, {"content-length": "77777"}, "https://x/", Wanted(FILE, 0, False), HF)
    assert odd.value.size == 77777


@pytest.mark.parametrize("kind", ["text/html", "text/html; charset=utf-8", "TEXT/HTML"])
def test_a_web_page_for_bytes_is_a_portal_unless_it_is_the_file(kind: str) -> None:
    assert judge(200, WHOLE, content_type=kind, content_length="200") == "NET105"
    assert judge(200, FROM_MIDDLE, content_type=kind) == "NET105"
    assert judge(200, WHOLE, content_type=kind, content_length="1000") == 0
    assert judge(200, WHOLE, PAGE, content_type=kind) == 0


@pytest.mark.parametrize("asked", [WHOLE, FROM_START, FROM_MIDDLE])
@pytest.mark.parametrize("status", [200, 206])
@pytest.mark.parametrize("how", ["gzip", "GZIP", "br", "deflate, gzip", "zstd"])
def test_an_encoded_body_is_never_taken_for_bytes(status: int, asked: Asked, how: str) -> None:
    said = {"content-encoding": how, "content-range": f"bytes {asked[0]}-999/1000"}
    assert judged(status, asked, said) == "DWN010"


@pytest.mark.parametrize("said", ["", "identity", "Identity"])
def test_no_encoding_is_none(said: str) -> None:
    assert judge(200, WHOLE, content_encoding=said) == 0


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_of_the_storage_is_an_address_that_ended(status: int) -> None:
    assert judge(status, FROM_MIDDLE, content_type="application/xml") == "Expired"


def test_a_part_that_cannot_be_had() -> None:
    assert judge(416, FROM_MIDDLE) == "NoRanges"
    assert judge(416, FROM_MIDDLE, content_range="bytes */1000") == "NoRanges"
    assert judge(416, FROM_MIDDLE, content_range="bytes */*") == "NoRanges"
    assert judge(416, FROM_MIDDLE, content_range="bytes */300") == "DWN006"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"ratelimit": '"api";r=0;t=30'}, 31.0),
        ({"ratelimit": '"api";r=5;t=30'}, None),
    ],
)
def test_how_long_a_host_wants_to_be_left_alone(
    headers: dict[str, str], seconds: float | None
) -> None:
    with pytest.raises(Throttled) as told:
        bytes_to_skip(429, headers, "https://x/", Wanted(FILE, 0, True), HF)
    assert (told.value.status, told.value.seconds) == (429, seconds)
    with pytest.raises(HubError) as error:
        bytes_to_skip(503, headers, "https://x/", Wanted(FILE, 0, True), HF)
    assert (error.value.status, error.value.retry_after) == (503, seconds)


STATUSES = (200, 206, *range(100, 104), 201, 202, 203, 204, 205, 207, 226, *range(300, 309),
            400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416,
            421, 425, 426, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 507, 511, 520, 530, 599,
            600, 999)  # fmt: skip
LENGTHS = (None, "", "0", "999", "1000", "1001", "-1", "1e3", "9" * 40)
RANGES = (None, "bytes 0-999/1000", "bytes 400-999/1000", "bytes 400-999/1001", "bytes */1000", "x")
KINDS = (None, "text/html", "application/octet-stream")
CODINGS = (None, "gzip")


def test_no_answer_whatever_it_says_is_taken_for_other_bytes_than_those_asked_for() -> None:
    """A body is used only if its first byte's place in the file is sure, and it is not encoded."""
    used = set()
    for status, length, part, kind, coding, asked in product(
        STATUSES, LENGTHS, RANGES, KINDS, CODINGS, (WHOLE, FROM_START, FROM_MIDDLE, RESUMED_WHOLE)
    ):
        names = ("content-length", "content-range", "content-type", "content-encoding")
        headers = {
            name: value
            for name, value in zip(names, (length, part, kind, coding), strict=True)
            if value is not None
        }
        found = judged(status, asked, headers)
        if isinstance(found, str):
            continue
        start, with_range = asked
        assert status in (200, 206) and coding is None
        if status == 200:
            assert found == start and not (with_range and start)
        else:
            assert found == 0 and with_range and (part or "").startswith(f"bytes {start}-")
            assert (part or "").endswith("/1000")
        used.add((status, asked))
    assert used == {
        (200, WHOLE),
        (200, FROM_START),
        (200, RESUMED_WHOLE),
        (206, FROM_START),
        (206, FROM_MIDDLE),
    }


@given(
    st.integers(100, 999),
    st.dictionaries(
        st.sampled_from(("content-length", "content-range", "content-type", "content-encoding",
                         "retry-after", "ratelimit")),
        st.text(max_size=40),
    ),
    st.sampled_from((WHOLE, FROM_START, FROM_MIDDLE)),
)  # fmt: skip
def test_hostile_headers_raise_nothing_but_what_is_known(
    status: int, headers: dict[str, str], asked: Asked
) -> None:
    judged(status, asked, headers)


def test_the_errors_are_of_the_kinds_that_the_engine_knows() -> None:
    with pytest.raises(Nonsense):
        bytes_to_skip(200, {"content-type": "text/html"}, "https://x/", Wanted(FILE, 0, False), HF)
    with pytest.raises(DownloadError):
        bytes_to_skip(200, {"content-encoding": "br"}, "https://x/", Wanted(FILE, 0, False), HF)
    with pytest.raises(HubError) as error:
        bytes_to_skip(502, {}, "https://x/", Wanted(FILE, 0, False), HF)
    assert (error.value.code, error.value.source, error.value.status) == (
        "HUB201",
        "huggingface",
        502,
    )

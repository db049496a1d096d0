"""Files larger than any memory: listed with their size, served in parts, right at every offset."""

from __future__ import annotations

import hashlib
import socket
import tracemalloc
from urllib.parse import urlsplit

import pytest

from tests.hub import Fault, Hub, Repo, Sparse, worlds
from tests.hub.fetch import fetch
from tests.hub.sparse import BLOCK

GB = 10**9
HUGE = Sparse(45 * GB, seed=1)
REPO = Repo("o/huge", {"config.json": b"{}"}, sparse={"model.safetensors": HUGE})


def address(hub: Hub) -> str:
    return fetch(f"{hub.hf_url}/o/huge/resolve/main/model.safetensors", "HEAD").headers["location"]


@pytest.mark.parametrize("seed", [None, 1])
def test_a_part_is_the_part_of_the_whole(seed: int | None) -> None:
    content = Sparse(3 * BLOCK + 100, seed)
    whole = content.read(0, content.size)
    assert len(whole) == content.size
    assert hashlib.sha256(whole).hexdigest() == content.digest()
    for start, stop in ((0, 1), (5, BLOCK), (BLOCK - 1, BLOCK + 1), (7, 3 * BLOCK + 99), (9, 9)):
        assert content.read(start, stop) == whole[start:stop]
        assert bytes(content.span()[start:stop]) == whole[start:stop]
    assert content.read(content.size - 3, content.size + 9) == whole[-3:]


def test_no_block_is_like_another_so_that_a_misplaced_one_is_seen() -> None:
    blocks = {HUGE.read(n * BLOCK, n * BLOCK + 64) for n in (0, 1, 4096, 4097, 40_000)}
    assert len(blocks) == 5
    assert Sparse(BLOCK, seed=1).digest() != Sparse(BLOCK, seed=2).digest()


def test_the_hash_is_the_one_given_or_a_name_that_no_bytes_have() -> None:
    assert Sparse(5, sha256="a" * 64).sha256 == "a" * 64
    assert Sparse(5).sha256 != Sparse(5).digest()
    assert Sparse(5).sha256 != Sparse(5, seed=1).sha256 != Sparse(6, seed=1).sha256


def test_both_listings_carry_the_size() -> None:
    with Hub([REPO]) as hub:
        tree = fetch(f"{hub.hf_url}/api/models/o/huge/tree/main").json()
        (listed,) = (e for e in tree if e["path"] == "model.safetensors")
        assert (listed["size"], listed["lfs"]["size"]) == (45 * GB, 45 * GB)
        assert listed["lfs"]["oid"] == HUGE.sha256
        files = fetch(f"{hub.ms_url}/api/v1/models/o/huge/repo/files").json()["Data"]["Files"]
        assert {f["Path"]: f["Size"] for f in files}["model.safetensors"] == 45 * GB
        assert REPO.size == 45 * GB + 2


@pytest.mark.parametrize("start", [0, 2**32 - 100, 5 * GB - 50, 2**35 + 1, 45 * GB - 200])
def test_parts_far_behind_are_right(start: int) -> None:
    with Hub([REPO]) as hub:
        answer = fetch(address(hub), headers={"Range": f"bytes={start}-{start + 199}"})
    assert answer.status == 206
    assert answer.body == HUGE.read(start, start + 200)
    assert answer.headers["content-range"] == f"bytes {start}-{start + 199}/{45 * GB}"


def test_serving_takes_no_memory_to_speak_of() -> None:
    with Hub([REPO]) as hub:
        parts = urlsplit(address(hub))
        with socket.create_connection(("localhost", parts.port or 0), timeout=5) as sock:
            sock.sendall(f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            tracemalloc.start()
            try:
                received = 0
                while received < 64 << 20:
                    received += len(sock.recv(BLOCK))
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
    assert peak < 16 << 20


def test_faults_hit_sparse_files_too() -> None:
    with Hub([REPO]) as hub:
        url, far = address(hub), 6 * GB
        hub.fault(Fault("lie", "cdn", offsets=(far + 3,)))
        body = fetch(url, headers={"Range": f"bytes={far}-{far + 9}"}).body
        true = HUGE.read(far, far + 10)
        assert [n for n in range(10) if body[n] != true[n]] == [3]


def test_sparse_and_ordinary_files_make_one_world() -> None:
    repo = Repo("o/n", worlds.small().files, sparse={"big.bin": Sparse(10 * GB)})
    assert repo.entries["big.bin"].large
    assert repo.entries["big.bin"].etag == Sparse(10 * GB).sha256
    assert repo.commit != worlds.small("o/n").commit

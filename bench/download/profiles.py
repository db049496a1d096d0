"""The lines that are measured, and the model that goes over them."""

from __future__ import annotations

import random
from dataclasses import dataclass

from bench.download.link import Line
from tests.hub import Repo

MODEL = "bench/model"
SHARDS, EXTRAS = 4, 10
ALL = (
    "qtune",
    "huggingface_hub",
    "modelscope",
    "modelscope PARALLELS=8",
    "aria2c -x16 -s16",
    "curl --parallel",
    "hf_transfer",
)
BARE = "bare program"
MB = 1_000_000


def bare(connections: int) -> str:
    """The client that only measures what is possible: bench/download/bare.py."""
    return f"{BARE}, {connections} connections"


@dataclass(frozen=True)
class Profile:
    what: str
    tls: bool = False
    pace: int | None = None  # bytes per second of each connection, by SO_MAX_PACING_RATE
    total: int | None = None  # bytes per second of each hub's large files, over all connections
    line: Line | None = None
    kill: bool = False  # SIGKILL at half of the time that a whole run took, then run again
    small: bool = False  # many small files in place of the model
    peers: tuple[str, ...] = ALL
    share: float = 1.0  # of the size asked for


PROFILES = {
    "fast": Profile("loopback", peers=(*ALL, bare(8))),
    "tls": Profile("loopback, TLS with a throw-away authority", tls=True, peers=(*ALL, bare(8))),
    "paced": Profile("20 MB/s per connection", pace=20 * MB, peers=(*ALL, bare(64))),
    "wan": Profile(
        "80 ms, 0.1 % loss each way, 1 Gbit/s, CUBIC; a quarter of the size",
        line=Line(80, 0.1, 1000),
        share=0.25,
    ),
    "two": Profile(
        "two hubs, 40 MB/s each in total",
        total=40 * MB,
        peers=(
            "qtune",
            "qtune, ModelScope",
            "qtune, both named",
            "huggingface_hub",
            "modelscope",
        ),
    ),
    "kill": Profile(
        "20 MB/s per connection, SIGKILL at half, run again",
        pace=20 * MB,
        kill=True,
        peers=("qtune", "huggingface_hub", "modelscope", "aria2c -x16 -s16"),
    ),
    "small": Profile(
        "loopback, files of 1 to 4 kB in place of the model",
        small=True,
        peers=("qtune", "huggingface_hub", "modelscope", "curl --parallel"),
    ),
}


def model(size: int) -> Repo:
    """Four large files of `size` bytes together, and ten small ones (a 256th of it each)."""
    noise = random.Random(size)
    files = {
        f"model-{n:05}-of-{SHARDS:05}.safetensors": _bytes(noise, size // SHARDS)
        for n in range(1, SHARDS + 1)
    }
    # Below 10 MiB, so that both hubs keep them in git and serve them without the large-file host.
    small = min(size // 256, 8 << 20)
    files |= {f"extra-{n}.json": noise.randbytes(small) for n in range(EXTRAS)}
    return Repo(MODEL, files)


def _bytes(noise: random.Random, size: int) -> bytes:
    """`randbytes` makes no more than 256 MiB at once."""
    block = 16 << 20
    return b"".join(noise.randbytes(min(block, size - at)) for at in range(0, size, block))


def many(count: int) -> Repo:
    """So many files of 1 to 4 kB, a thousand in a folder."""
    noise = random.Random(count)
    files = {
        f"part-{n // 1000:03}/{n:06}.json": noise.randbytes(noise.randint(1000, 4000))
        for n in range(count)
    }
    return Repo(MODEL, files)

"""What a download would tell, without one: a tape of events, and one that looks like a real download for the eye.

`python -m tests.commands.tape` plays it on this terminal.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

from qtune.core.download.events import (
    Dropped,
    Event,
    FileDone,
    FileStatus,
    Finished,
    Planned,
    Said,
    Sent,
    SourceStatus,
    Status,
    Waiting,
)
from qtune.core.text import Text

MB = 1_000_000
COMMIT = "0123456789abcdef0123456789abcdef01234567"
HF, MS = ("huggingface", "Hugging Face"), ("modelscope", "ModelScope")
RESET = Text("the connection was reset three times", "连接被重置了三次")


def file(
    number: int = 1, done: int = 400 * MB, *, size: int = 1000 * MB, **more: int
) -> FileStatus:
    name = f"model-{number:05}-of-00003.safetensors"
    return FileStatus(
        name, size, done, more.get("verified", done), 12.3 * MB, more.get("connections", 8)
    )


def hub(
    of: tuple[str, str] = HF,
    connections: int = 16,
    speed: float = 12.3 * MB,
    waits: float | None = None,
) -> SourceStatus:
    return SourceStatus(*of, connections, speed, 400 * MB, waits)


def status(
    *files: FileStatus,
    done: int = 1218 * MB,
    total: int = 2900 * MB,
    eta: float | None = 48.0,
    retries: int = 0,
    sources: tuple[SourceStatus, ...] = (),
) -> Status:
    return Status(
        done, total, 3, 12, 35.1 * MB, eta, retries, sources or (hub(),), files or (file(),)
    )


def finished(**changes: object) -> Finished:
    told: dict[str, object] = {
        "path": "/cache/models--o--n/snapshots/" + COMMIT,
        "repo_id": "o/n",
        "commit": COMMIT,
        "listed_by": "Hugging Face",
        "files": 12,
        "total": 2900 * MB,
        "received": 2500 * MB,
        "reused": 400 * MB,
        "took_s": 83.0,
        "sent": (Sent(*HF, 1900 * MB, 80.0), Sent(*MS, 600 * MB, 60.0)),
        "dropped": (),
        "retries": 0,
    } | changes
    return Finished(**told)  # type: ignore[arg-type]


def done(path: str, size: int = MB) -> FileDone:
    return FileDone(path, size, "ab" * 32, ("huggingface",), "Hugging Face")


def played(seconds: float = 12.0) -> Iterator[tuple[float, Event]]:
    """(when, event): three shards and a crowd of small files, from two hubs."""
    shards, total = 3, 2900 * MB
    yield 0.0, Planned("Qwen/Qwen3-4B", COMMIT, "Hugging Face", 12, total, 300 * MB)
    for tick in range(round(seconds * 5)):
        now, part = tick / 5, tick / (seconds * 5)
        have = 300 * MB + round(2600 * MB * part)
        under_way = [
            file(n + 1, max(0, min(966 * MB, have - n * 500 * MB)), size=966 * MB)
            for n in range(shards)
        ]
        if part < 0.3:
            under_way += [
                FileStatus(f"tokenizer/{n}/merges.txt", 2 * MB, tick * 90_000, 0, 0.4 * MB, 1)
                for n in range(9)
            ]
        waits = 4 - (now - seconds / 2) if 0 <= now - seconds / 2 <= 4 else None
        if waits == 4:
            yield now, Waiting("modelscope", 4, 429)
        if tick == round(seconds):
            yield now, Said(Text("IPv6 does not answer; using IPv4", "IPv6 没有响应，改用 IPv4"))
        sources = (hub(), hub(MS, 0 if waits else 8, 4.1 * MB, waits))
        eta = None if tick < 8 else seconds - now
        yield now, Status(have, total, 3, 12, 35.1 * MB, eta, tick // 20, sources, tuple(under_way))
    yield seconds, Dropped(*MS, RESET)
    yield seconds, done("config.json")
    yield seconds, finished(dropped=(("modelscope", RESET),), retries=3)


def main() -> None:
    from qtune.commands.transfer import watching

    begun = time.monotonic()
    quick = float(sys.argv[1]) if len(sys.argv) > 1 else 12.0
    with watching() as tell:
        for when, event in played(quick):
            time.sleep(max(0.0, begun + when - time.monotonic()))
            tell(event)


if __name__ == "__main__":
    main()

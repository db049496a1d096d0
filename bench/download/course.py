"""One profile set up, and one client sent over it: a `Sample`, or why there is none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.download import link, measure, memory, servers
from bench.download.peers import Peer, Task
from bench.download.profiles import Profile, many, model
from bench.download.table import Sample
from tests.hub import Repo


@dataclass(frozen=True)
class Amounts:
    size: int  # bytes of the large files together
    files: int  # how many, of `small`
    limit: float  # seconds for one download


@dataclass(frozen=True)
class Course:
    profile: Profile
    repo: Repo
    served: servers.Served
    folder: Path
    prefix: tuple[str, ...]  # put before a command so that it runs at the other end of the line
    limit: float  # seconds for one download


@contextmanager
def course(profile: Profile, amounts: Amounts, host: str) -> Iterator[Course]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-download-")))
        address, prefix = "127.0.0.1", tuple[str, ...]()
        if profile.line is not None:
            joined = stack.enter_context(link.joined(profile.line, folder))
            address, prefix = joined.address, joined.beyond
        repo = many(amounts.files) if profile.small else model(int(amounts.size * profile.share))
        served = stack.enter_context(servers.serving(repo, profile, address, folder, host))
        yield Course(profile, repo, served, folder, prefix, amounts.limit)


def sample(course: Course, peer: Peer) -> Sample | str:
    """A download by this client into an empty folder; for `kill`, the killed one and the one after it."""
    if not course.profile.kill:
        return _download(course, peer, None)
    whole = _download(course, peer, None)
    return whole if isinstance(whole, str) else _download(course, peer, whole.wall / 2)


def _download(course: Course, peer: Peer, kill_after: float | None) -> Sample | str:
    served, files = course.served, course.repo.entries.values()
    with tempfile.TemporaryDirectory(prefix="bench-client-") as name:
        folder = Path(name)
        task = Task(served.hf, served.ms, served.ca_file, course.repo.entries, folder)
        environ, command = peer.environ(task), [*course.prefix, *peer.command(task)]
        os.sync()  # who syncs what it brought must not wait for what another left
        memory.touch(sum(file.size for file in files))
        mark = served.mark()
        runs = []
        if kill_after is not None:
            runs.append(measure.run(command, environ, folder, kill_after))
        runs.append(measure.run(command, environ, folder, course.limit))
        if (status := runs[-1].status) != 0:
            last = (runs[-1].output.strip().splitlines() or ["it said nothing"])[-1]
            return f"failed ({status}): {last[:100].replace('|', ' ')}"
        if wrong := measure.absent(folder, [file.sha256 for file in files]):
            return f"failed: {wrong} files missing or wrong"
        sent = served.sent(mark)
    logged = [file.size for file in files if file.large or course.profile.small]
    return Sample(
        wall=sum(run.wall for run in runs),
        cpu=sum(run.cpu for run in runs),
        rss=max(run.rss for run in runs),
        served=sent.amount / sum(logged),
        first=None if sent.first is None else max(0.0, sent.first - runs[0].at),
    )

"""The training child, begun before there is anything to train: it imports torch while the doctor still looks
and the model still comes, and then waits for its job.

It is offline, gets the environment that is handed in (without the hubs' tokens, which it does not need),
and ends with its parent: its stdin closes when the parent dies, whatever killed it.
"""

from __future__ import annotations

import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from qtune.train import endings
from qtune.train import gang as gangs
from qtune.train import job as jobs
from qtune.train.gang import ALONE, Gang
from qtune.train.job import Job

TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "MODELSCOPE_API_TOKEN")
# How long torch's threads stay awake for each other. At once asleep, they lose half of their speed to waking
# up; awake as long as libgomp likes, they starve each other where other work runs. Samples a second on two
# cores, idle and busy: 51 and 55 asleep, 98 and 35 with this, 102 and 13 as libgomp does (bench/train).
SPINS = "5000"
TAIL = 40  # lines of stderr kept for the report of a crash
PATIENCE_S = 60  # for a child that was asked to save and end


class Child:
    """`folder` is where its job will lie. `tail` are the last lines that the libraries wrote, not redacted;
    `on_noise` gets each of them, in a thread."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, gang: Gang) -> None:
        self.process, self.folder, self.gang = process, folder, gang
        self.tail: deque[str] = deque(maxlen=TAIL)
        self.on_noise: Callable[[str], None] = lambda line: None
        self._works = False
        self._noise = threading.Thread(target=self._drain, daemon=True)
        self._noise.start()

    def give(self, job: Job) -> None:
        """It trains this."""
        self._works = True
        written = self.folder / f"{jobs.NAME}.new"
        jobs.write(job, written)
        written.rename(self.folder / jobs.NAME)

    def kill(self) -> None:
        endings.kill(self.folder)  # each rank has a session of its own
        self.process.kill()

    def end(self) -> None:
        """Where it trains, it saves first."""
        assert self.process.stdin and self.process.stdout and self.process.stderr
        if not self._works:
            self.kill()
        self.process.stdin.close()  # the child takes this for its parent's end, and stops
        self.process.stdout.close()  # where an error of ours ended the listening, it must not block there
        try:
            self.process.wait(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            self.process.wait()
        self._noise.join(timeout=5)
        self.process.stderr.close()

    def _drain(self) -> None:
        assert self.process.stderr
        for raw in self.process.stderr:
            line = raw.decode("utf-8", "replace").rstrip()
            self.tail.append(line)
            self.on_noise(line)


@contextmanager
def begun(environ: Mapping[str, str], gang: Gang = ALONE) -> Iterator[Child]:
    """A child, or a gang of them; ended with the block, whatever it was given."""
    with tempfile.TemporaryDirectory(prefix="qtune-job-") as name:
        folder = Path(name)
        process = subprocess.Popen(
            # -P: a file torch.py in the user's folder must not be imported in torch's place.
            gangs.command(gang, folder / jobs.NAME, folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=gangs.environment(gang, surroundings(environ)),
            # Ctrl-C reaches the whole terminal group; the child shall hear it once, from us.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        child = Child(process, folder, gang)
        try:
            yield child
        finally:
            child.end()


def surroundings(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of every child that holds a model: offline, and without the hubs' tokens."""
    kept = {key: value for key, value in environ.items() if key not in TOKENS}
    if "OMP_WAIT_POLICY" not in kept:
        kept.setdefault("GOMP_SPINCOUNT", SPINS)
    return {**kept, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}

"""Rounds of chaos: a model is fetched into an empty cache through faults and kills, and must come out right."""

from __future__ import annotations

import random
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.chaos.client import Client, Ended
from bench.chaos.diary import Diary
from bench.chaos.weather import Weather
from tests.core.download import secrecy
from tests.hub import Hub, Repo, sdk, worlds

STORM_S = 12.0  # of bad weather in a round, at most
PACE = 4 << 20  # bytes per second of each storage
SHARDS, SHARD = 4, 6 << 20
BORNE = (0, 1, 130, -9, -2)  # done; every source failed; ^C; killed
SOURCES = (
    {"QTUNE_SOURCES": "huggingface,modelscope"},
    {"QTUNE_SOURCES": "modelscope,huggingface"},
    {"USE_MODELSCOPE": "False"},
    {"USE_MODELSCOPE": "True"},
)


class Broken(Exception):
    """A promise was not kept; the message says which."""


@dataclass
class Tally:
    rounds: int = 0
    runs: int = 0
    kills: int = 0
    interrupts: int = 0
    changes: int = 0


def chaos(seconds: float, seed: int, diary: Diary) -> Tally:
    """Rounds until the time is over, one at least. Raises Broken."""
    dice, tally, deadline = random.Random(seed), Tally(), time.monotonic() + seconds
    diary.note(f"seed {seed}, {seconds:.0f} s")
    while not tally.rounds or time.monotonic() < deadline:
        storm_s = min(STORM_S, max(2.0, deadline - time.monotonic() - 5))
        with tempfile.TemporaryDirectory(prefix="chaos-") as home:
            _Round(Path(home), dice, tally, diary).play(storm_s)
        tally.rounds += 1
    diary.note(f"over: {tally}")
    return tally


def _model(dice: random.Random) -> Repo:
    large = {f"model-{n}.safetensors": dice.randbytes(SHARD + n) for n in range(SHARDS)}
    small = {f"{n}.json": b'{"n": %d}' % dice.randrange(10**9) for n in range(20)}
    return Repo(worlds.QWEN, {"config.json": b"{}\n", "empty.txt": b"", **small, **large})


class _Round:
    def __init__(self, home: Path, dice: random.Random, tally: Tally, diary: Diary) -> None:
        self._home, self._dice, self._tally, self._diary = home, dice, tally, diary
        self._repo = _model(dice)

    def play(self, storm_s: float) -> None:
        self._diary.note(f"round {self._tally.rounds + 1}: an empty cache")
        secrecy.forget()
        with Hub([self._repo], worlds.USERS, expiry_cuts=self._dice.random() < 0.5) as hub:
            secrecy.note_hub(hub)
            weather = Weather(hub, self._dice, PACE)
            self._storm(hub, weather, storm_s)
            weather.clear()
            self._diary.note("fair weather")
            ended = self._ended(self._client(hub), "end")
            self._judge(hub, ended)

    def _storm(self, hub: Hub, weather: Weather, storm_s: float) -> None:
        """Ends early when a client has it all."""
        dice, over = self._dice, time.monotonic() + storm_s
        while time.monotonic() < over:
            client = self._client(hub)
            while client.running and time.monotonic() < over:
                time.sleep(dice.uniform(0.05, 0.5))
                self._diary.note(weather.change())
                self._tally.changes += 1
                if dice.random() < 0.12:
                    break
            how = "end" if not client.running else dice.choice(("kill", "kill", "interrupt"))
            if self._ended(client, how).code == 0:
                return

    def _client(self, hub: Hub) -> Client:
        changes = dict(self._dice.choice(SOURCES))
        hosts = [url.partition("://")[2] for url in (hub.hf_url, hub.ms_url)]
        changes |= {"HF_TOKEN": worlds.GOOD, "MODELSCOPE_API_TOKEN": worlds.MODELSCOPE}
        changes |= {"QTUNE_TRUSTED_HOSTS": ",".join(hosts), "QTUNE_LANG": "en"}
        changes |= {"HF_HUB_DOWNLOAD_TIMEOUT": "2", "HF_HUB_ETAG_TIMEOUT": "2"}
        self._tally.runs += 1
        self._diary.note(f"run {self._tally.runs}: {' '.join(list(changes.values())[:1])}")
        environ = sdk.environ(hub, self._home, **changes)
        return Client(self._repo.id, environ, self._home / f"run-{self._tally.runs}")

    def _ended(self, client: Client, how: str) -> Ended:
        self._tally.kills += how == "kill"
        self._tally.interrupts += how == "interrupt"
        try:
            ended: Ended = getattr(client, how)()
        except subprocess.TimeoutExpired as error:
            raise Broken(f"a client hung ({how}, {error.timeout:.0f} s)") from None
        secrecy.note(ended.shown)
        last = ended.shown.strip().rpartition("\n")[2][:200]
        self._diary.note(f"{how}: exit {ended.code}; {last}")
        if ended.code not in BORNE or "Traceback" in ended.shown:
            bugs = "\n".join(p.read_text("utf-8") for p in self._home.rglob("bugs/*.txt"))
            raise Broken(f"a client broke with exit {ended.code}:\n{ended.shown[-3000:]}\n{bugs}")
        return ended

    def _judge(self, hub: Hub, ended: Ended) -> None:
        if ended.code != 0:
            raise Broken(f"in fair weather it failed:\n{ended.shown[-3000:]}")
        right = dict(sorted(self._repo.files.items()))
        if sdk.contents(Path(ended.path)) != right:
            raise Broken(f"the tree at {ended.path} is not the model's")
        left = [f"{p.name} ({p.stat().st_size} bytes)" for p in self._home.rglob("*.part")]
        if left:
            raise Broken(f"partial files stay behind: {left}")
        if leaks := secrecy.leaks(self._home, ""):
            raise Broken("\n".join(["secrets were let out:", *leaks[:10]]))
        code = "from huggingface_hub import snapshot_download\n"
        code += f"done(snapshot_download({self._repo.id!r}, local_files_only=True))"
        environ = sdk.environ(hub, self._home, HF_HUB_OFFLINE="1")
        found = sdk.python(code, environ, self._home)
        if found.error is not None or sdk.contents(Path(found.value)) != right:
            raise Broken(f"huggingface_hub does not find it offline: {found.causes}")
        self._diary.note("right, and found offline by huggingface_hub")

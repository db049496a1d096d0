"""`python -m tests.hub --world demo`: the hub as a process; one JSON line, then it serves."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Any, get_args

from tests.hub.faults import Fault, Kind
from tests.hub.hub import HOSTS, Hub
from tests.hub.tls import Flaw
from tests.hub.worlds import WORLDS


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hub", description=__doc__)
    parser.add_argument("--world", choices=sorted(WORLDS), default="demo")
    parser.add_argument(
        "--port", type=int, default=0, help="the Hugging Face port; the others follow it"
    )
    parser.add_argument("--page-size", type=int, default=1000)
    parser.add_argument("--xet", action="store_true")
    parser.add_argument("--tls", choices=get_args(Flaw), help="https; 'none' is a good certificate")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        type=json.loads,
        help=f'JSON, say {{"kind": "slow", "origin": "cdn", "bytes_per_second": 50000}}; '
        f"kinds: {', '.join(Kind)}",
    )
    chosen = parser.parse_args(arguments)
    world = WORLDS[chosen.world]()
    ports = {name: chosen.port + i for i, name in enumerate(HOSTS)} if chosen.port else None
    stopped = threading.Event()

    def stop(*_: Any) -> None:
        stopped.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    with Hub(
        world.repos,
        world.users,
        page_size=chosen.page_size,
        xet=chosen.xet,
        tls=chosen.tls or False,
        ports=ports,
    ) as hub:
        for fault in chosen.fault:
            hub.fault(Fault(**fault))
        ready = {
            "hf": hub.hf_url,
            "ms": hub.ms_url,
            "urls": hub.urls,
            "ca_file": str(hub.ca_file) if hub.ca_file else None,
            "repos": [repo.id for repo in world.repos],
            "tokens": {t.name + "@" + u.name: t.value for u in world.users for t in u.tokens},
        }
        print(json.dumps(ready), flush=True)
        while not stopped.wait(3600):
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A local server that speaks both hubs' wire protocols, with faults on a switch.

with Hub(repos=[worlds.qwen3()], users=worlds.USERS) as hub:
    hub.fault(Fault("slow", "cdn", bytes_per_second=50_000))
    ...                                  # a client works against hub.hf_url and hub.ms_url
    assert hub.carrying(worlds.GOOD) == {"hf"}
"""

from tests.hub import worlds
from tests.hub.faults import Fault, Kind
from tests.hub.http import Request
from tests.hub.hub import Hub
from tests.hub.proxy import Proxy
from tests.hub.sparse import Sparse
from tests.hub.world import BOTH, File, Repo, Scope, Token, User, World

__all__ = [
    "BOTH",
    "Fault",
    "File",
    "Hub",
    "Kind",
    "Proxy",
    "Repo",
    "Request",
    "Scope",
    "Sparse",
    "Token",
    "User",
    "World",
    "worlds",
]

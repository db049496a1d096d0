"""What the probes saw. Facts are plain values: they can be saved, sent, replayed and judged again anywhere.

Nothing in here is a secret: values are masked before they become facts. A probe that could not look
gives Unknown with a reason, which is neither "fine" nor "broken".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeAlias, TypeVar

from qtune.core.architecture import Architecture
from qtune.core.hub.interface import Access, Identity, RateLimit
from qtune.core.origin import DEFAULT, Origin
from qtune.core.sources import Source
from qtune.core.table import BY_KEY
from qtune.core.text import Text
from qtune.core.workload import Workload

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

UnknownReason = Literal[
    "timeout", "refused", "dns", "tls", "proxy", "http", "absent", "skipped", "needless", "crashed"
]  # fmt: skip


@dataclass(frozen=True)
class Known(Generic[T_co]):
    value: T_co
    took_ms: int = 0


@dataclass(frozen=True)
class Unknown:
    """`detail` is one redacted sentence; for skipped it is the check that stands in the way, or the option.

    needless: there was nothing to look at, such as the identity behind a token that is not there.
    """

    reason: UnknownReason
    detail: str = ""
    took_ms: int = 0


Fact: TypeAlias = Known[T] | Unknown


def known(fact: Fact[T] | None) -> T | None:
    """The value, or None when it could not be had."""
    return fact.value if isinstance(fact, Known) else None


GoalKind = Literal["download", "train", "push"]


@dataclass(frozen=True)
class Goal:
    """What the user wants to do. `model` is a repo id, or a folder when `local`.

    `training` is what a run config asks of the GPU's memory; None: what qtune does by default.
    """

    kind: GoalKind
    model: str
    revision: str | None = None
    local: bool = False
    run_config: str | None = None
    output_dir: str = ""
    training: Workload | None = None


@dataclass(frozen=True)
class SettingFact:
    """`value` is masked where the row is secret; `problem` says why the value cannot be used."""

    key: str
    value: str
    origin: Origin
    problem: Text | None = None


@dataclass(frozen=True)
class ShadowedSetting:
    """A value that lost: `hidden` stands at `origin`, but `winner` counts. `same`: both are equal."""

    key: str
    hidden: str
    origin: Origin
    winner: Origin
    same: bool


@dataclass(frozen=True)
class SourceFact:
    """An allowed source, in the order of the settings. `official`: the hub's own host."""

    name: str
    kind: Literal["huggingface", "modelscope", "mirror"]
    endpoint: str
    official: bool

    @property
    def title(self) -> str:
        """As a person calls it."""
        return Source(self.kind, self.endpoint).title

    @property
    def titled(self) -> str:
        """The same, with its address where that is not the hub's own."""
        host = self.endpoint.partition("://")[2]
        return self.title if self.official or self.kind == "mirror" else f"{self.title} ({host})"


@dataclass(frozen=True)
class EnvEntry:
    """A line of `.env`. `shown` is the value, masked for secrets and "" for keys qtune does not know.

    Lines and columns are 1-based; `value_column` and `end_column` bound the value with its quotes.
    """

    key: str
    shown: str
    line: int
    column: int
    value_column: int
    end_line: int
    end_column: int
    quote: str
    empty: bool
    looks_secret: bool
    unexpanded: tuple[str, ...] = ()


@dataclass(frozen=True)
class UnparsedLine:
    """`key` and the columns are those of core.envfile.Unparsed.mapping: a line written as in YAML."""

    line: int
    reason: str
    key: str = ""
    column: int = 0
    value_column: int = 0


@dataclass(frozen=True)
class EnvFile:
    """`.env` itself. `mode` is None where the system has no such bits; `git` says what git makes of it."""

    path: str
    exists: bool
    encoding: str
    mode: int | None
    git: Literal["no_repository", "ignored", "untracked", "tracked", "unknown"]
    entries: tuple[EnvEntry, ...] = ()
    unparsed: tuple[UnparsedLine, ...] = ()

    def last(self, key: str) -> EnvEntry | None:
        return next((entry for entry in reversed(self.entries) if entry.key == key), None)


TokenShape = Literal[
    "ok",
    "placeholder",
    "quotes",
    "whitespace",
    "invisible",
    "bearer_prefix",
    "other_hub",
    "malformed",
]


@dataclass(frozen=True)
class TokenFact:
    """One place where a token was found. Equal fingerprints are equal tokens."""

    origin: Origin
    masked: str
    shape: TokenShape
    fingerprint: str


@dataclass(frozen=True)
class Tokens:
    """All tokens found for a hub, the one that counts first.

    `may_go`: the first may be sent to this hub's endpoint (core.trust). `disabled`: implicit sending is off.
    """

    found: tuple[TokenFact, ...]
    may_go: bool
    disabled: bool = False


StageName = Literal["dns", "tcp", "proxy_dns", "proxy_tcp", "connect", "tls", "http"]


@dataclass(frozen=True)
class Stage:
    """One step of the road. `kind` names how it ended where it failed:

    dns, proxy_dns: nxdomain, temporary, no_family (none of QTUNE_IP_FAMILY), blocked (0.0.0.0 or loopback; dns only),
    scheme, port, host (the proxy's address; proxy_dns only) · tcp, proxy_tcp: refused, timeout, reset, unreachable ·
    connect: auth (407), denied, timeout, reset, not_a_proxy · tls: untrusted, self_signed, expired, not_yet,
    hostname, plaintext, reset, timeout, other · http: portal, timeout, reset, status (5xx), not_a_hub.
    """

    name: StageName
    ok: bool
    took_ms: int
    kind: str = ""
    detail: str = ""


@dataclass(frozen=True)
class ProxyFact:
    """`url` has no user info. `key` is the variable as the user wrote it. `bad`: scheme, port or host."""

    url: str
    key: str
    origin: Origin
    bad: str = ""


@dataclass(frozen=True)
class Reach:
    """The road to one host, stage by stage up to the first that failed."""

    url: str
    host: str
    port: int
    proxy: ProxyFact | None
    stages: tuple[Stage, ...]
    addresses: tuple[str, ...] = ()
    issuer: str = ""
    status: int | None = None
    first_byte_ms: int | None = None

    @property
    def failed(self) -> Stage | None:
        return next((stage for stage in self.stages if not stage.ok), None)

    @property
    def ok(self) -> bool:
        return self.failed is None


@dataclass(frozen=True)
class Gate:
    """May the files be read; `path` is the file asked for."""

    access: Access
    path: str
    rate_limit: RateLimit | None = None

    @property
    def ok(self) -> bool:
        return self.access.state.value == "granted"


@dataclass(frozen=True)
class Listing:
    """What would be downloaded. `weight` is the largest file: the one whose speed counts.

    `architecture` is None where config.json could not be had, or is of a model that is not known.
    """

    commit: str
    files: int
    bytes: int
    cached_bytes: int
    weight: str
    weight_bytes: int
    model_type: str = ""
    architecture: Architecture | None = None

    @property
    def missing(self) -> int:
        """Bytes still to be downloaded."""
        return max(0, self.bytes - self.cached_bytes)


@dataclass(frozen=True)
class Sample:
    """A ranged read. `failure` tells how it ended when it brought nothing."""

    connections: int
    bytes: int
    seconds: float
    first_byte_ms: int | None = None
    failure: str = ""

    @property
    def bytes_per_second(self) -> float:
        return self.bytes / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True)
class Speed:
    """Reads of the very file to be downloaded, with one and with several connections."""

    path: str
    host: str
    single: Sample
    several: Sample | None

    @property
    def best(self) -> float:
        """Bytes per second."""
        return max(
            self.single.bytes_per_second, self.several.bytes_per_second if self.several else 0.0
        )

    @property
    def ok(self) -> bool:
        return self.best > 0


@dataclass(frozen=True)
class Gpu:
    """Memory in bytes; `capability` is CUDA's, such as 8.9."""

    index: int
    name: str
    memory_total: int
    memory_free: int
    capability: str = ""


@dataclass(frozen=True)
class Accelerator:
    """What the system says of NVIDIA GPUs, asked without torch.

    `pci`: an NVIDIA device is on the bus (None: cannot be told). `error`: NVML's own words.
    """

    gpus: tuple[Gpu, ...]
    driver: str = ""
    pci: bool | None = None
    error: str = ""
    how: Literal["nvml", "nvidia-smi", "none"] = "none"


@dataclass(frozen=True)
class TorchBuild:
    """What torch says of itself, asked in a child process. `cuda` is the version it was built for."""

    installed: bool
    version: str = ""
    cuda: str = ""
    hip: str = ""
    available: bool = False
    devices: tuple[str, ...] = ()
    bf16: bool = False
    mps: bool = False
    error: str = ""


@dataclass(frozen=True)
class Place:
    """A folder that will be written to. `device` tells whether two places share a disk."""

    path: str
    free: int
    writable: bool
    device: int
    error: str = ""


@dataclass(frozen=True)
class Disk:
    cache: Place
    output: Place | None


@dataclass(frozen=True)
class Packages:
    """Installed versions by name; "" where it is not installed."""

    python: str
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Facts:
    """All of it. Mappings are by source name (huggingface, modelscope, a mirror's address)."""

    goal: Goal
    settings: tuple[SettingFact, ...] = ()
    shadowed: tuple[ShadowedSetting, ...] = ()
    sources: tuple[SourceFact, ...] = ()
    envfile: Fact[EnvFile] = Unknown("skipped")
    tokens: Mapping[str, Fact[Tokens]] = field(default_factory=dict)
    reach: Mapping[str, Fact[Reach]] = field(default_factory=dict)
    identity: Mapping[str, Fact[Identity]] = field(default_factory=dict)
    listing: Mapping[str, Fact[Listing]] = field(default_factory=dict)
    gate: Mapping[str, Fact[Gate]] = field(default_factory=dict)
    storage: Mapping[str, Fact[Reach]] = field(default_factory=dict)
    speed: Mapping[str, Fact[Speed]] = field(default_factory=dict)
    accelerator: Fact[Accelerator] = Unknown("skipped")
    torch: Fact[TorchBuild] = Unknown("skipped")
    disk: Fact[Disk] = Unknown("skipped")
    packages: Fact[Packages] = Unknown("skipped")

    def setting(self, key: str) -> SettingFact:
        """The default where a file of facts, perhaps of an older version, does not speak of the key."""
        default = SettingFact(key, BY_KEY[key].default, DEFAULT)
        return next((fact for fact in self.settings if fact.key == key), default)

    def source(self, name: str) -> SourceFact | None:
        return next((fact for fact in self.sources if fact.name == name), None)

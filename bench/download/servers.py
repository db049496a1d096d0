"""What the clients talk to: the local hub for metadata and small files, nginx before it and for the large ones."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.download.meter import metered
from bench.download.profiles import Profile
from tests.hub import Hub, Repo
from tests.hub.tls import make_identity

SO_MAX_PACING_RATE = 47  # Linux; Python does not name it
ROLES = ("hf", "ms", "cdn", "ms-cdn")
CONFIG = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
worker_processes auto;
events {{ worker_connections 2048; }}
http {{
    sendfile on;
    tcp_nopush on;
    keepalive_requests 100000;
    default_type application/octet-stream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    log_format sent '$body_bytes_sent';
    access_log off;
{tls}
{servers}
}}
"""
TLS = "    ssl_certificate {chain};\n    ssl_certificate_key {chain};\n    ssl_protocols TLSv1.2 TLSv1.3;"
PROXY = """
    server {{
        listen {listen};
        location / {{
            proxy_pass {target};
            proxy_http_version 1.1;
            proxy_redirect off;
            proxy_set_header Host $http_host;
        }}
    }}"""
LARGE = """
    server {{
        listen {listen};
        root {folder}/large;
        access_log {folder}/sent.log sent;
        location ~ "/(?<sha>[0-9a-f]{{64}})$" {{ try_files /$sha =404; }}
    }}"""


@dataclass(frozen=True)
class Served:
    hf: str
    ms: str
    ca_file: Path | None
    large: str  # where nginx has the large files by their sha256
    log: Path

    def sent(self) -> int:
        """Bytes of large files that nginx has sent so far; requests under way are not counted yet."""
        before = -1
        while before != (size := self.log.stat().st_size):
            before = size
            time.sleep(0.1)
        return sum(map(int, self.log.read_text().split()))


def missing() -> str | None:
    """Why nothing can be measured here."""
    if sys.platform != "linux":
        return "it needs Linux: /proc, pacing"
    return None if shutil.which("nginx", path=_path()) else "nginx is not installed"


def _path() -> str:
    return os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


@contextmanager
def serving(repo: Repo, profile: Profile, address: str, folder: Path) -> Iterator[Served]:
    """Both hubs with this repository, on that address, until the block ends."""
    large = folder / "large"
    large.mkdir()
    for file in repo.entries.values():
        if file.large:
            (large / file.sha256).write_bytes(file.data)
    with ExitStack() as stack:
        sockets = {role: stack.enter_context(_listening(address, role, profile)) for role in ROLES}
        scheme = "https" if profile.tls else "http"
        urls = {r: f"{scheme}://{address}:{s.getsockname()[1]}" for r, s in sockets.items()}
        ca_file = None
        if profile.tls:
            make_identity(folder)
            ca_file = folder / "ca.pem"
        direct = urls["cdn"]
        if profile.total is not None:
            for role in ("cdn", "ms-cdn"):
                front = stack.enter_context(metered(sockets[role].getsockname(), profile.total))
                urls[role] = f"{scheme}://{address}:{front[1]}"
        hub = stack.enter_context(Hub([repo], public_urls=urls))
        (folder / "nginx.conf").write_text(_config(sockets, hub.urls, profile, folder))
        stack.enter_context(_nginx(sockets, folder))
        log = folder / "sent.log"
        yield Served(urls["hf"], urls["ms"], ca_file, direct, log)


def _listening(address: str, role: str, profile: Profile) -> socket.socket:
    """nginx takes this socket over, and what is accepted on it has its options."""
    server = socket.create_server((address, 0), backlog=512)
    server.setblocking(False)  # nginx takes that for granted: else a worker freezes in accept()
    if role in ("cdn", "ms-cdn") and profile.pace is not None:
        server.setsockopt(socket.SOL_SOCKET, SO_MAX_PACING_RATE, profile.pace)
        # What lies in the kernel's buffers when a client is killed counts as sent: keep it small.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 128 * 1024)
    if profile.line is not None:  # the commonest, whatever this machine has as its default
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
    return server


def _config(
    sockets: Mapping[str, socket.socket], hub: Mapping[str, str], profile: Profile, folder: Path
) -> str:
    parts = []
    for role, server in sockets.items():
        host, port = server.getsockname()
        listen = f"{host}:{port}{' ssl' if profile.tls else ''}"
        template = PROXY if role in ("hf", "ms") else LARGE
        parts.append(template.format(listen=listen, target=hub[role], folder=folder))
    return CONFIG.format(
        user="user root;" if os.geteuid() == 0 else "",  # else its workers may not read our folder
        folder=folder,
        tls=TLS.format(chain=folder / "chain.pem") if profile.tls else "",
        servers="".join(parts),
    )


@contextmanager
def _nginx(sockets: Mapping[str, socket.socket], folder: Path) -> Iterator[None]:
    program = shutil.which("nginx", path=_path())
    assert program is not None
    numbers = [server.fileno() for server in sockets.values()]
    # As for an upgrade of a running nginx: sockets by number, which carry our options.
    environ = {"PATH": _path(), "NGINX": "".join(f"{number};" for number in numbers)}
    process = subprocess.Popen(
        [program, "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"],
        env=environ,
        pass_fds=numbers,
    )
    try:
        _await(process, folder)
        yield
    finally:
        process.terminate()
        process.wait()


def _await(process: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + 10
    while not (folder / "sent.log").exists():
        if process.poll() is not None or time.monotonic() > until:
            raise OSError(f"nginx did not start:\n{(folder / 'error.log').read_text()}")
        time.sleep(0.02)

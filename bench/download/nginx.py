"""nginx for one profile: before the hubs' own addresses, and as the host of the bodies."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from bench.download.profiles import MODEL, Profile
from tests.hub import Repo

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
    log_format sent '$body_bytes_sent $msec $request_time';
    access_log off;
{maps}
{tls}
{servers}
}}
"""
TLS = "    ssl_certificate {chain};\n    ssl_certificate_key {chain};\n    ssl_protocols TLSv1.2 TLSv1.3;"
# The names of the small files by the two forms in which a request may have them.
MAPS = """
    map_hash_max_size 262144;
    map_hash_bucket_size 256;
    open_file_cache max=65536 inactive=600s;
    map $name $blob {{ include {folder}/small.map; }}
    map $arg_FilePath $ms_blob {{ include {folder}/small.map; }}"""
PROXY = """
    server {{
        listen {listen};
{bodies}
        location / {{
            proxy_pass {target};
            proxy_http_version 1.1;
            proxy_redirect off;
            proxy_set_header Host $http_host;
        }}
    }}"""
# What tests/hub answers for a small file, word for word, without Python between.
BODIES = {
    "hf": """
        location ~ "^/{model}/resolve/[^/]+/(?<name>.+)$" {{
            absolute_redirect off;
            add_header ETag '"$blob"';
            add_header X-Repo-Commit {commit};
            return 307 /api/resolve-cache/models/{model}/{commit}/$name;
        }}
        location ~ "^/api/resolve-cache/models/{model}/[^/]+/(?<name>.+)$" {{
            root {folder}/small;
            etag off;
            add_header ETag '"$blob"';
            add_header X-Repo-Commit {commit};
            access_log {folder}/sent.log sent;
            try_files /$blob =404;
        }}""",
    "ms": """
        location = /api/v1/models/{model}/repo {{
            root {folder}/small;
            etag off;
            max_ranges 0;
            add_header ETag '"$ms_blob"';
            access_log {folder}/sent.log sent;
            try_files /$ms_blob =404;
        }}""",
}
LARGE = """
    server {{
        listen {listen};
        root {folder}/large;
        access_log {folder}/sent.log sent;
        location ~ "/(?<sha>[0-9a-f]{{64}})$" {{ try_files /$sha =404; }}
    }}"""


@dataclass(frozen=True)
class Nginx:
    pid: int

    def cpu(self) -> float:
        """Seconds that it and its workers have worked so far."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                words = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended
            if self.pid in (int(stat.parent.name), int(words[1])):
                ticks += int(words[11]) + int(words[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def program() -> str | None:
    return shutil.which("nginx", path=_path())


def _path() -> str:
    return os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


def write_config(
    sockets: Mapping[str, socket.socket],
    hub: Mapping[str, str],
    profile: Profile,
    repo: Repo,
    folder: Path,
) -> None:
    if profile.small:
        _write_small(repo, folder)
    parts = []
    for role, server in sockets.items():
        host, port = server.getsockname()
        listen = f"{host}:{port}{' ssl' if profile.tls else ''}"
        bodies = ""
        if profile.small and role in BODIES:
            bodies = BODIES[role].format(model=MODEL, commit=repo.commit, folder=folder)
        template = PROXY if role in ("hf", "ms") else LARGE
        words = {"listen": listen, "target": hub[role], "folder": folder, "bodies": bodies}
        parts.append(template.format_map(words))
    text = CONFIG.format(
        user="user root;" if os.geteuid() == 0 else "",  # else its workers may not read our folder
        folder=folder,
        maps=MAPS.format(folder=folder) if profile.small else "",
        tls=TLS.format(chain=folder / "chain.pem") if profile.tls else "",
        servers="".join(parts),
    )
    (folder / "nginx.conf").write_text(text)


def _write_small(repo: Repo, folder: Path) -> None:
    (folder / "small").mkdir()
    lines = []
    for file in repo.entries.values():
        (folder / "small" / file.git_sha1).write_bytes(file.data)
        lines += [f"{name} {file.git_sha1};" for name in {file.path, quote(file.path, safe="")}]
    (folder / "small.map").write_text("\n".join(lines))


@contextmanager
def running(sockets: Mapping[str, socket.socket], folder: Path) -> Iterator[Nginx]:
    found = program()
    assert found is not None
    numbers = [server.fileno() for server in sockets.values()]
    # As for an upgrade of a running nginx: sockets by number, which carry our options.
    environ = {"PATH": _path(), "NGINX": "".join(f"{number};" for number in numbers)}
    process = subprocess.Popen(
        [found, "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"],
        env=environ,
        pass_fds=numbers,
    )
    try:
        _await(process, folder)
        yield Nginx(process.pid)
    finally:
        process.terminate()
        process.wait()


def _await(process: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + 10
    while not (folder / "sent.log").exists():
        if process.poll() is not None or time.monotonic() > until:
            raise OSError(f"nginx did not start:\n{(folder / 'error.log').read_text()}")
        time.sleep(0.02)

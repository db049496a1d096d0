"""What of a hub's listing may reach the disk: no path leaves the folder, collides or names a device."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator

from qtune.core.errors import DownloadError
from qtune.core.hub.interface import Manifest, RepoFile
from qtune.core.hub.listing import MOST_FILES, too_many
from qtune.core.text import Text

LARGEST_FILE = 1 << 43  # 8 TiB: no model file is larger, and no sum of listed sizes can overflow
LONGEST_PATH, LONGEST_NAME = 1024, 255

_DRIVE = re.compile(r"[A-Za-z]:")
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\..*)?", re.I)
# Ours, and git's: a hook in a `--local-dir` that is a working tree would be run. Behind `~1` they are the
# same folders' short names on Windows.
_RESERVED = re.compile(r"\.(git|qtune)|(git|qtune)~\d+", re.I)


def check(manifest: Manifest) -> None:
    """Raises DownloadError DWN004 for a listing with one bad entry: then the rest is not believed either."""
    if len(manifest.files) > MOST_FILES:
        raise too_many(manifest.listed_by, manifest.repo_id)
    problems = [*_bad_entries(manifest), *_collisions(manifest.files)]
    if not problems:
        return
    shown = problems[:5]
    more = len(problems) - len(shown)
    tail = Text(f"\n… and {more} more" if more else "", f"\n……另有 {more} 处" if more else "")
    name = manifest.listed_by.title
    raise DownloadError(
        "DWN004",
        Text(
            f"The listing of {manifest.repo_id} from {name} cannot be trusted; nothing was written:\n"
            + "\n".join(f"  {path}: {why.en}" for path, why in shown)
            + tail.en,
            f"{name} 给出的 {manifest.repo_id} 文件清单不可信，未写入任何内容：\n"
            + "\n".join(f"  {path}：{why.zh}" for path, why in shown)
            + tail.zh,
        ),
        Text(
            "Do not use this repository, and tell the hub about it.",
            "请不要使用该仓库，并向平台举报。",
        ),
    )


def _bad_entries(manifest: Manifest) -> Iterator[tuple[str, Text]]:
    for file in manifest.files:
        why = path_problem(file.path) or _content_problem(file)
        if why is not None:
            yield ascii(file.path[:80]), why


def _content_problem(file: RepoFile) -> Text | None:
    if not 0 <= file.size <= LARGEST_FILE:
        return Text(f"a size of {file.size} bytes", f"大小为 {file.size} 字节")
    if file.sha256 is None and file.git_sha1 is None:
        return Text("no hash to verify it by", "没有可供校验的哈希")
    return None


def path_problem(path: str, windows: bool = os.name == "nt") -> Text | None:
    """Why `path` must not become a file on any of the systems that qtune runs on.

    Characters that only Windows forbids stand in names of real repositories: there alone they are refused.
    """
    if not path or len(path) > LONGEST_PATH:
        return Text("an empty or overlong path", "路径为空或过长")
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in path):
        return Text("control characters in the path", "路径中含有控制字符")
    if path.startswith("/") or "\\" in path or _DRIVE.match(path):
        return Text("an absolute path or a backslash", "绝对路径或含有反斜杠")
    if windows and any(c in ':*?"<>|' for c in path):
        return Text("characters that Windows forbids", "含有 Windows 不允许的字符")
    return next((why for part in path.split("/") if (why := _part_problem(part))), None)


def _part_problem(part: str) -> Text | None:
    if part in ("", ".", ".."):
        return Text("a path that climbs out or has empty parts", "路径越出目录或含有空段")
    if len(part.encode()) > LONGEST_NAME:
        return Text("an overlong name", "文件名过长")
    if part[-1] in ". ":
        return Text("a name that ends with a dot or a space", "名称以点或空格结尾")
    if _DEVICE.fullmatch(part):
        return Text("the name of a device", "使用了设备名")
    if _RESERVED.fullmatch(part):
        return Text("a folder that is not the hub's to write", "写入不应由仓库写入的目录")
    return None


def _collisions(files: tuple[RepoFile, ...]) -> Iterator[tuple[str, Text]]:
    """Names that are one name on a file system that ignores case or normalises Unicode."""
    seen: set[str] = set()
    folders: set[str] = set()
    for file in files:
        key = unicodedata.normalize("NFC", file.path).casefold()
        if key in seen:
            yield (
                ascii(file.path[:80]),
                Text("listed twice, or but for case", "重复，或仅大小写不同"),
            )
        seen.add(key)
        parts = key.split("/")
        folders |= {"/".join(parts[:depth]) for depth in range(1, len(parts))}
    for key in sorted(seen & folders):
        yield ascii(key[:80]), Text("both a file and a folder", "既是文件又是文件夹")

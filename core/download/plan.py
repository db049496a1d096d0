"""Which files of a listing are wanted, and which of them are missing: pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from qtune.core.errors import DownloadError
from qtune.core.hub.interface import Manifest, RepoFile, RepoType
from qtune.core.text import Text

# The same weights once more, for other programs; the training reads none of them.
DUPLICATES = (
    "*.gguf", "*.onnx", "*.onnx_data", "onnx/*", "*.msgpack", "*.h5", "*.ot", "*.tflite", "*.mlmodel",
    "*.mlpackage/*", "coreml/*", "openvino/*", "openvino_model.*", "original/*", "consolidated*",
)  # fmt: skip
PICKLES = ("*.bin", "*.pth", "*.pt", "*.ckpt", "*.pkl", "*.pickle")

# From a hub whose owner nobody vouches for: nothing that can run code when it is loaded.
HARMLESS: Mapping[RepoType, tuple[str, ...]] = {
    "model": (".safetensors", ".json", ".txt", ".model", ".tiktoken", ".jinja", ".vocab", ".spm"),
    # Rows, what rows refer to, and the card, whose front matter names the splits. No *.py, no pickle, and
    # no archive: what lies inside one is not seen before it is unpacked.
    "dataset": (
        ".parquet", ".arrow", ".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".txt", ".md",
        ".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".wav", ".flac", ".mp3", ".ogg", ".opus", ".mp4",
    ),
}  # fmt: skip
COMPRESSED = (".gz", ".zst", ".xz", ".bz2")  # one file each, so the name before it tells


@dataclass(frozen=True)
class DownloadPlan:
    """`missing` and `present` together are the files that were selected."""

    manifest: Manifest
    missing: tuple[RepoFile, ...]
    present: tuple[RepoFile, ...]

    @property
    def bytes(self) -> int:
        """What is to be fetched, save what lies in partial files."""
        return sum(file.size for file in self.missing)

    @property
    def files(self) -> tuple[RepoFile, ...]:
        return tuple(sorted((*self.missing, *self.present), key=lambda f: f.path))


def make_plan(
    manifest: Manifest, selected: Sequence[RepoFile], is_here: Callable[[RepoFile], bool]
) -> DownloadPlan:
    """Largest first, so that the last connection is not left alone with a long file."""
    here = {file.path: is_here(file) for file in selected}
    missing = sorted((f for f in selected if not here[f.path]), key=lambda f: (-f.size, f.path))
    return DownloadPlan(manifest, tuple(missing), tuple(f for f in selected if here[f.path]))


def select(
    manifest: Manifest,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    *,
    only_harmless: bool = False,
) -> tuple[RepoFile, ...]:
    """The files that are wanted.

    Patterns are the shell's, on the whole path, and `folder/` means all below it. Without `include`,
    duplicates of a model's weights in other formats are left out; a dataset is taken whole. Raises
    DownloadError DWN005 when nothing is left.
    """
    files = _included(manifest, include)
    files = tuple(f for f in files if not _matches(f.path, exclude))
    if only_harmless:
        files = tuple(f for f in files if _is_harmless(f.path, manifest.repo_type))
    if not files:
        raise _nothing(manifest, include, exclude, only_harmless)
    return files


def _included(manifest: Manifest, include: Sequence[str]) -> tuple[RepoFile, ...]:
    files = manifest.files
    if include:
        return tuple(f for f in files if _matches(f.path, include))
    return _without_duplicates(files) if manifest.repo_type == "model" else files


def _is_harmless(path: str, repo_type: RepoType) -> bool:
    suffixes = [suffix.lower() for suffix in PurePosixPath(path).suffixes]
    if repo_type == "dataset" and suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return bool(suffixes) and suffixes[-1] in HARMLESS[repo_type]


def _without_duplicates(files: tuple[RepoFile, ...]) -> tuple[RepoFile, ...]:
    kept = tuple(f for f in files if not _matches(f.path, DUPLICATES))
    if any(f.path.endswith(".safetensors") for f in kept):
        return tuple(f for f in kept if not _matches(f.path, PICKLES))
    # A repository of nothing but GGUF files was chosen for them.
    return kept if any(_matches(f.path, PICKLES) for f in kept) else files


def _matches(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(path, f"{p}*" if p.endswith("/") else p) for p in patterns)


def _nothing(
    manifest: Manifest, include: Sequence[str], exclude: Sequence[str], only_harmless: bool
) -> DownloadError:
    name, title, repo = manifest.listed_by.name, manifest.listed_by.title, manifest.repo_id
    if only_harmless:
        return DownloadError(
            "DWN005",
            Text(
                f"{title} has only files of {repo} that could run code, and nobody vouches for its owner there",
                f"{title} 上的 {repo} 只有可能执行代码的文件，而其发布者身份未经确认",
            ),
            Text(
                f"If you trust that owner, choose the hub yourself: QTUNE_SOURCES={name}",
                f"如果信任该发布者，请明确选择该下载源：QTUNE_SOURCES={name}",
            ),
        )
    patterns = ", ".join([*include, *(f"!{p}" for p in exclude)]) or "*"
    there = ", ".join(file.path for file in manifest.files[:5])
    return DownloadError(
        "DWN005",
        Text(
            f"No file of {repo} matches {patterns}; there are {there} …",
            f"{repo} 中没有文件匹配 {patterns}；现有 {there} 等",
        ),
        Text("Change --include or --exclude.", "请修改 --include 或 --exclude。"),
    )

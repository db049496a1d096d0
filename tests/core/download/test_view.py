"""ModelScope's own client finds what qtune downloaded, and nothing of anybody else's is touched."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from qtune.core.cachestore import free, modelscope, shelf
from qtune.core.download import view
from qtune.core.download.digest import digests_of
from qtune.core.download.events import Checking, Event
from qtune.core.download.store import HubCache
from qtune.core.hub.interface import Manifest, RepoFile
from qtune.core.hub.listing import manifest_commit
from qtune.core.settings import resolve
from qtune.core.sources import Source
from tests.hub import worlds

MODELSCOPE = Source("modelscope", "https://modelscope.cn")
HUGGINGFACE = Source("huggingface", "https://huggingface.co")
REPO = worlds.small()
FILES: dict[str, bytes] = dict(REPO.files)


def _stored(
    home: Path,
    contents: Mapping[str, bytes] = FILES,
    source: Source = MODELSCOPE,
    revision: str = "master",
    links: bool = True,
) -> tuple[HubCache, Manifest]:
    """A repository in the Hugging Face cache, as a download leaves it."""
    store = HubCache(home / "hf" / "hub", REPO.id, links=links)
    files = []
    for path, data in contents.items():
        entry = type(REPO)(REPO.id, {path: data}).entries[path]
        files.append(RepoFile(path, entry.size, entry.sha256, lfs=entry.large))
    listed = tuple(files)
    manifest = Manifest(REPO.id, revision, manifest_commit(listed), listed, source)
    for file in files:
        partial = store.partial(file)
        partial.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(contents[file.path])
        store.keep(file, manifest.commit, digests_of(partial, file), source.name, source.name)
    store.publish(manifest, tuple(files), only_harmless=False)
    return store, manifest


def _folder(home: Path) -> Path:
    return home / "ms" / "models" / REPO.id.replace("/", "--") / "snapshots" / "master"


def _show(home: Path, store: HubCache, manifest: Manifest) -> bool:
    return view.show(home / "ms", store, manifest, manifest.files)


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_every_file_is_a_link_to_its_blob(tmp_path: Path) -> None:
    store, manifest = _stored(tmp_path)
    assert _show(tmp_path, store, manifest)
    folder = _folder(tmp_path)
    assert _contents(folder) == dict(sorted(FILES.items()))
    links = [p for p in folder.rglob("*") if not p.is_dir()]
    assert all(p.is_symlink() and p.resolve().parent == store.root / "blobs" for p in links)
    assert _show(tmp_path, store, manifest)
    assert {p.name for p in folder.parent.parent.iterdir()} == {"snapshots"}


def test_it_takes_no_room_and_is_counted_once(tmp_path: Path) -> None:
    store, manifest = _stored(tmp_path)
    size = shelf.read(tmp_path / "hf" / "hub").repos[0].size
    assert _show(tmp_path, store, manifest)
    assert modelscope.read(tmp_path / "ms") == ()
    note = (store.root / ".qtune" / "view.json").stat().st_size
    assert shelf.read(tmp_path / "hf" / "hub").repos[0].size == size + note


@pytest.mark.parametrize("why", ["another hub's listing", "another revision"])
def test_only_what_modelscope_gives_by_default_is_shown(tmp_path: Path, why: str) -> None:
    other = why == "another hub's listing"
    store, manifest = (
        _stored(tmp_path, source=HUGGINGFACE) if other else _stored(tmp_path, revision="v1.0")
    )
    assert not _show(tmp_path, store, manifest)
    assert not (tmp_path / "ms").exists()


def test_where_the_client_is_not_used_no_folder_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    cache = tmp_path / "ms"
    default = resolve(environ={})
    assert view.cache_of(default) is None
    (Path.home() / ".cache" / "modelscope").mkdir(parents=True)
    assert view.cache_of(default) == Path.home() / ".cache" / "modelscope"
    assert view.cache_of(resolve(environ={"MODELSCOPE_CACHE": str(cache)})) == cache


def test_what_lies_there_is_told_of_while_it_is_hashed_and_not_read_when_a_size_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qtune.core.download.checking.WORTH_TELLING", 1)
    store, manifest = _stored(tmp_path)
    config, *others = FILES
    mine = _folder(tmp_path) / config
    mine.parent.mkdir(parents=True)
    mine.write_bytes(FILES[config])
    wrong = _folder(tmp_path) / others[0]
    wrong.parent.mkdir(parents=True, exist_ok=True)
    wrong.write_bytes(FILES[others[0]] + b"!")
    told: list[Event] = []
    ask = (tmp_path / "ms", store, manifest, manifest.files)
    assert not view.show(*ask, tell=told.append) and told == []
    wrong.unlink()
    assert view.show(*ask, tell=told.append)
    assert told[-1] == Checking(len(FILES[config]), len(FILES[config]))


def test_an_older_layout_that_holds_the_model_is_left_to_serve(tmp_path: Path) -> None:
    old = tmp_path / "ms" / "hub" / REPO.id / "config.json"
    old.parent.mkdir(parents=True)
    old.write_bytes(FILES["config.json"])
    store, manifest = _stored(tmp_path)
    assert not _show(tmp_path, store, manifest)
    assert not (tmp_path / "ms" / "models").exists()


def test_a_users_own_file_is_neither_replaced_nor_mixed_with_ours(tmp_path: Path) -> None:
    mine = _folder(tmp_path) / "config.json"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(FILES["config.json"].replace(b"qwen3", b"qwen2"))
    store, manifest = _stored(tmp_path)
    assert not _show(tmp_path, store, manifest)
    assert b"qwen2" in mine.read_bytes()
    assert list(_folder(tmp_path).iterdir()) == [mine]


def test_what_the_client_fetched_itself_is_completed(tmp_path: Path) -> None:
    theirs = _folder(tmp_path) / "config.json"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(FILES["config.json"])
    begun = theirs.with_name("model.safetensors.incomplete")
    begun.write_bytes(b"half")
    extra = theirs.with_name("mine.txt")
    extra.write_bytes(b"mine")
    store, manifest = _stored(tmp_path)
    assert _show(tmp_path, store, manifest)
    assert not theirs.is_symlink()
    found = _contents(_folder(tmp_path))
    assert found == dict(sorted({**FILES, begun.name: b"half", extra.name: b"mine"}.items()))
    view.withdraw(store.root)
    assert sorted(_contents(_folder(tmp_path))) == ["config.json", extra.name, begun.name]


def test_no_link_is_made_through_a_link_to_another_place(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    _folder(tmp_path).mkdir(parents=True)
    (_folder(tmp_path) / "original").symlink_to(elsewhere)
    store, manifest = _stored(tmp_path)
    assert not _show(tmp_path, store, manifest)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("soft", [True, False], ids=["links", "hard links"])
def test_a_newer_version_replaces_ours(
    tmp_path: Path, soft: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not soft:
        monkeypatch.setattr("qtune.core.download.view.can_link", lambda folder: False)
    store, manifest = _stored(tmp_path, links=soft)
    assert _show(tmp_path, store, manifest)
    newer = {"config.json": b'{"model_type": "newer"}', "new.txt": b"new"}
    store, manifest = _stored(tmp_path, newer, links=soft)
    assert _show(tmp_path, store, manifest)
    assert _contents(_folder(tmp_path)) == newer


def test_a_part_of_the_files_does_not_take_the_others_away(tmp_path: Path) -> None:
    store, manifest = _stored(tmp_path)
    assert _show(tmp_path, store, manifest)
    assert view.show(tmp_path / "ms", store, manifest, manifest.files[:1])
    assert _contents(_folder(tmp_path)) == dict(sorted(FILES.items()))


def test_without_symbolic_links_hard_ones_serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qtune.core.download.view.can_link", lambda folder: False)
    store, manifest = _stored(tmp_path, links=False)
    assert _show(tmp_path, store, manifest)
    folder = _folder(tmp_path)
    assert _contents(folder) == dict(sorted(FILES.items()))
    assert not any(p.is_symlink() for p in folder.rglob("*"))
    for path in FILES:
        assert (folder / path).samefile(store.snapshot(manifest.commit) / path)
    (told,) = modelscope.read(tmp_path / "ms")
    assert (told.size, told.shared) == (0, sum(map(len, FILES.values())))
    view.withdraw(store.root)
    assert not (tmp_path / "ms" / "models" / folder.parent.parent.name).exists()
    assert _contents(store.snapshot(manifest.commit)) == dict(sorted(FILES.items()))


def test_where_nothing_can_be_linked_there_is_no_view(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: str | Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("qtune.core.download.view.can_link", lambda folder: False)
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    store, manifest = _stored(tmp_path, links=False)
    assert not _show(tmp_path, store, manifest)
    assert not (tmp_path / "ms" / "models" / store.root.name.partition("--")[2]).exists()


@pytest.mark.parametrize("what", ["repository", "snapshot"])
def test_freeing_removes_the_view_with_what_it_shows(tmp_path: Path, what: str) -> None:
    store, manifest = _stored(tmp_path)
    assert _show(tmp_path, store, manifest)
    (repo,) = shelf.read(tmp_path / "hf" / "hub").repos
    commits = () if what == "repository" else (manifest.commit,)
    goes = free.all_of(repo) if not commits else free.Goes(repo, commits=commits)
    free.remove(tmp_path / "hf" / "hub", goes)
    assert not (tmp_path / "ms" / "models" / store.root.name.partition("--")[2]).exists()


def test_freeing_another_snapshot_leaves_the_view(tmp_path: Path) -> None:
    store, manifest = _stored(tmp_path)
    assert _show(tmp_path, store, manifest)
    other, changed = _stored(tmp_path, {"config.json": b"{}"}, revision="v1.0")
    assert not _show(tmp_path, other, changed)
    (repo,) = shelf.read(tmp_path / "hf" / "hub").repos
    free.remove(tmp_path / "hf" / "hub", free.Goes(repo, commits=(changed.commit,)))
    assert _contents(_folder(tmp_path)) == dict(sorted(FILES.items()))


def test_a_forged_note_removes_nothing_of_anybodys(tmp_path: Path) -> None:
    store, manifest = _stored(tmp_path)
    assert _show(tmp_path, store, manifest)
    precious = tmp_path / "home" / "precious.txt"
    precious.parent.mkdir()
    precious.write_bytes(b"mine")
    theirs = _folder(tmp_path) / "theirs.txt"
    theirs.write_bytes(b"mine")
    note = view.View(str(precious.parent), manifest.commit, ("precious.txt",))
    other = view.View(str(_folder(tmp_path)), manifest.commit, ("theirs.txt",))
    view._note(store.root, [note, other])
    view.withdraw(store.root)
    assert precious.read_bytes() == theirs.read_bytes() == b"mine"
    assert [p.name for p in _folder(tmp_path).iterdir()] == ["theirs.txt"]

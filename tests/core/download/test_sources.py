"""Which hub is asked, and whose bytes are taken: the settings, and the rule of the same owner."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from qtune.core.envfile import parse
from qtune.core.errors import DownloadError, NotFound, QtuneError
from tests.core.download.downloading import (
    FROM_HF,
    FROM_MS,
    Changes,
    Told,
    at,
    contents,
    expected,
    get,
    repo_folder,
)
from tests.hub import Fault, Hub, Repo, worlds

STRANGER = "someone/model"  # an owner in no table of ours
FIRST_HF: Changes = {"QTUNE_SOURCES": "huggingface,modelscope"}


def _code() -> dict[str, bytes]:
    return {"modeling.py": b"print('run me')\n", "pytorch_model.bin": b"pickle", "a.pt": b"p"}


@pytest.mark.parametrize(
    ("source", "quiet"),
    [(FROM_MS, ("hf", "cdn")), (FROM_HF, ("ms", "ms-cdn"))],
    ids=["modelscope", "huggingface"],
)
def test_the_other_hub_gets_not_one_request(
    hub: Hub, tmp_path: Path, source: Changes, quiet: tuple[str, ...]
) -> None:
    for origin in quiet:  # silent, as a blocked hub is: any request would cost the deadline
        hub.fault(Fault("silent", origin=origin))
    found = get(hub, tmp_path, worlds.QWEN, **source)
    assert contents(found.path) == expected(worlds.qwen3())
    assert [r for origin in quiet for r in hub.seen(origin)] == []


@pytest.mark.spares("DWN008")
@pytest.mark.parametrize("fault", [Fault("refused", "hf"), Fault("status", "hf", status=500)])
def test_the_next_source_lists_for_an_owner_known_to_be_the_same(
    hub: Hub, tmp_path: Path, fault: Fault
) -> None:
    hub.fault(fault)
    told = Told()
    found = get(hub, tmp_path, worlds.QWEN, told, **FROM_HF)
    assert contents(found.path) == expected(worlds.qwen3())
    assert found.source is not None and found.source.kind == "modelscope"
    assert found.sources_used == ("modelscope",)
    assert [name for name, _ in found.dropped] == ["huggingface"]
    assert "Hugging Face" in told.text


def test_a_name_that_no_hub_knows_is_asked_to_be_spelled_right(hub: Hub, tmp_path: Path) -> None:
    for source in (FROM_HF, FROM_MS):
        with pytest.raises(NotFound) as caught:
            get(hub, tmp_path, "Qwen/Qwen3-4b-typo", **source)
        error = caught.value
        assert error.fix is not None and "spelling" in error.fix.en
        assert "USE_MODELSCOPE" not in error.fix.en  # both were asked
        for line in (*error.message.en.splitlines(), *error.message.zh.splitlines()):
            assert line.count("Hugging Face") + line.count("ModelScope") == 1
            assert "huggingface" not in line and "modelscope" not in line


def test_a_silent_first_hub_is_given_up_within_its_deadline(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("silent", origin="hf"))
    found = get(hub, tmp_path, worlds.QWEN, HF_HUB_ETAG_TIMEOUT="1", **FROM_HF)
    assert found.sources_used == ("modelscope",)


@pytest.mark.spares("DWN002", "DWN009")
def test_the_next_source_serves_the_same_bytes_when_the_storage_fails(
    hub: Hub, tmp_path: Path
) -> None:
    hub.fault(Fault("refused", origin="cdn"))
    told = Told()
    found = get(hub, tmp_path, worlds.QWEN, told, **FROM_HF)
    repo = worlds.qwen3()
    assert contents(found.path) == expected(repo)
    assert found.commit == repo.commit  # Hugging Face's listing still holds
    assert "modelscope" in found.sources_used
    assert "Hugging Face is dropped" in told.text


@pytest.mark.spares("DWN003", "DWN008")
def test_bytes_may_come_from_a_stranger_if_the_chosen_hubs_hashes_agree(tmp_path: Path) -> None:
    repo = worlds.qwen3(repo_id=STRANGER)
    with Hub([repo]) as hub:
        hub.fault(Fault("refused", origin="cdn"))
        found = get(hub, tmp_path, repo.id, **FROM_HF)
        assert contents(found.path) == expected(repo)


def test_other_bytes_under_the_same_name_are_never_taken(tmp_path: Path) -> None:
    ours = worlds.qwen3(repo_id=STRANGER)
    theirs = Repo(STRANGER, {path: bytes(len(data)) for path, data in ours.files.items()})
    with Hub([ours.only_on("hf"), theirs.only_on("ms")]) as hub:
        hub.fault(Fault("refused", origin="cdn"))
        with pytest.raises(DownloadError) as caught:
            get(hub, tmp_path, STRANGER, **FROM_HF)
        # Of a small file no hash is in both listings: it may be asked for, and its bytes tell.
        asked = {
            parse_qs(urlsplit(r.target).query)["FilePath"][0] for r in hub.seen("ms", "*/repo")
        }
        weights = {file.path for file in ours.entries.values() if file.large}
        assert weights and not hub.seen("ms-cdn") and not asked & weights, "its listing told"
    assert caught.value.code == "DWN002"
    assert "ModelScope lists other content" in caught.value.message.en
    assert not (repo_folder(tmp_path, STRANGER) / "snapshots").exists()


@pytest.mark.triggers("DWN002")
def test_when_each_source_fails_in_its_own_way_both_are_told(tmp_path: Path) -> None:
    ours = worlds.qwen3(repo_id=STRANGER)
    theirs = Repo(STRANGER, {path: data * 2 for path, data in ours.files.items()})
    with Hub([ours.only_on("hf"), theirs.only_on("ms")]) as hub:
        hub.fault(Fault("refused", origin="cdn"))
        with pytest.raises(DownloadError) as caught:
            get(hub, tmp_path, STRANGER, QTUNE_CONNECTIONS="1", **FROM_HF)
    assert caught.value.code == "DWN002"
    assert "no connection" in caught.value.message.en
    assert "ModelScope lists other content" in caught.value.message.en


@pytest.mark.triggers("DWN006")
@pytest.mark.spares("DWN003")
def test_another_size_is_seen_before_the_bytes_are_fetched(hub: Hub, tmp_path: Path) -> None:
    """A listing of Hugging Face whose sizes are not those that the storage sends."""
    (large,) = (
        f for f in worlds.qwen3().entries.values() if f.path.endswith("1-of-00002.safetensors")
    )
    lfs = {"oid": large.sha256, "size": large.size + 1, "pointerSize": 134}
    entry = {
        "type": "file",
        "path": large.path,
        "size": large.size + 1,
        "oid": "a" * 40,
        "lfs": lfs,
    }
    hub.fault(Fault("status", "hf", "*/tree/*", status=200, body=json.dumps([entry]).encode()))
    with pytest.raises(DownloadError) as caught:
        get(hub, tmp_path, worlds.QWEN, QTUNE_FALLBACK="False", **FROM_HF)
    assert caught.value.code == "DWN006"
    assert sum(request.body_bytes_sent for request in hub.seen("cdn")) == 0


@pytest.mark.spares("DWN006")
def test_bytes_that_come_short_are_asked_for_again(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("truncated", "cdn", method="GET", times=1))
    assert contents(get(hub, tmp_path, worlds.QWEN, **FROM_HF).path) == expected(worlds.qwen3())


@pytest.mark.triggers("DWN008")
def test_a_strangers_listing_is_not_asked_for(tmp_path: Path) -> None:
    repo = worlds.qwen3(repo_id=STRANGER)
    with Hub([repo]) as hub:
        hub.fault(Fault("refused", origin="hf"))
        with pytest.raises(DownloadError) as caught:
            get(hub, tmp_path, repo.id, **FROM_HF)
        assert hub.seen("ms") == []
    assert caught.value.code == "DWN008"
    assert caught.value.fix is not None and "QTUNE_SOURCES=modelscope" in caught.value.fix.en


@pytest.mark.spares("DWN005", "DWN008")
def test_a_hub_that_the_user_named_may_list_but_sends_nothing_that_runs(tmp_path: Path) -> None:
    repo = worlds.qwen3(repo_id=STRANGER)
    repo = Repo(repo.id, {**repo.files, **_code()})
    with Hub([repo]) as hub:
        hub.fault(Fault("refused", origin="hf"))
        told = Told()
        found = get(hub, tmp_path, repo.id, told, **FIRST_HF)
    kept = set(contents(found.path))
    assert {"config.json", "model-00001-of-00002.safetensors", "merges.txt"} <= kept
    assert {Path(name).suffix for name in kept} <= {".json", ".txt", ".safetensors"}
    assert "modeling.py" in told.text


@pytest.mark.triggers("DWN005")
def test_a_model_with_nothing_harmless_is_refused_from_a_stranger(tmp_path: Path) -> None:
    repo = Repo(STRANGER, _code())
    with Hub([repo]) as hub:
        hub.fault(Fault("refused", origin="hf"))
        with pytest.raises(DownloadError) as caught:
            get(hub, tmp_path, repo.id, **FIRST_HF)
    assert caught.value.code == "DWN005"


def test_a_model_that_modelscope_does_not_have_comes_from_hugging_face(
    hub: Hub, tmp_path: Path
) -> None:
    found = get(hub, tmp_path, worlds.LLAMA, HF_TOKEN=worlds.GOOD, **FROM_MS)
    assert found.source is not None and found.source.kind == "huggingface"
    assert "model-00001-of-00002.safetensors" in found.files
    assert hub.carrying(worlds.GOOD) == {"hf"}


def test_what_hugging_face_lacks_is_not_taken_from_a_namesake(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(QtuneError) as caught:
        get(hub, tmp_path, worlds.LLAMA_ON_MODELSCOPE, **FROM_HF)
    assert caught.value.code == "GATE400"
    assert hub.seen("ms") == []


@pytest.mark.triggers("DWN009")
def test_without_fallback_exactly_one_hub_is_asked(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("refused", origin="cdn"))
    with pytest.raises(DownloadError) as caught:
        get(hub, tmp_path, worlds.QWEN, QTUNE_FALLBACK="False", **FROM_HF)
    assert caught.value.code == "DWN009"
    assert hub.seen("ms") == []


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("", "GATE401"),
        (worlds.NO_LICENCE, "GATE402"),
        (worlds.UNKNOWN, "TOK303"),
    ],
)
def test_the_refusal_that_says_most_is_shown(
    hub: Hub, tmp_path: Path, token: str, code: str
) -> None:
    with pytest.raises(QtuneError) as caught:
        get(hub, tmp_path, worlds.LLAMA, HF_TOKEN=token, **FROM_MS)
    assert caught.value.code == code
    assert not token or token not in caught.value.message.en


@pytest.mark.parametrize("connections", ["1", "8"])
def test_a_gate_stays_the_answer_when_the_other_hub_has_not_the_model_either(
    hub: Hub, tmp_path: Path, connections: str
) -> None:
    """Whichever file fails first, and whoever found the first hub closed."""
    with pytest.raises(QtuneError) as caught:
        get(
            hub,
            tmp_path,
            worlds.LLAMA,
            HF_TOKEN=worlds.NO_LICENCE,
            QTUNE_CONNECTIONS=connections,
            **FROM_HF,
        )
    assert caught.value.code == "GATE402"
    assert "huggingface" in caught.value.message.en and "ModelScope" in caught.value.message.en
    assert caught.value.fix is not None and "licence" in caught.value.fix.en


def test_mirrors_come_after_hugging_face_and_get_no_token(hub: Hub, tmp_path: Path) -> None:
    # The mirror is the same server under its other name; Hugging Face's own address is closed.
    closed = "http://127.0.0.1:9"
    changes: Changes = {
        **FROM_HF,
        "HF_ENDPOINT": closed,
        "QTUNE_MIRRORS": hub.hf_url,
        "HF_TOKEN": worlds.GOOD,
        "QTUNE_TRUSTED_HOSTS": "127.0.0.1",
    }
    found = get(hub, tmp_path, worlds.QWEN, **changes)
    assert found.source is not None and found.source.kind == "mirror"
    assert found.commit == worlds.qwen3().commit
    assert hub.carrying(worlds.GOOD) == set()
    assert hub.seen("ms") == []


def test_no_token_reaches_a_foreign_endpoint_or_the_storage(hub: Hub, tmp_path: Path) -> None:
    tokens: Changes = {"HF_TOKEN": worlds.GOOD, "MODELSCOPE_API_TOKEN": worlds.MODELSCOPE}
    for source in (FROM_HF, FROM_MS):
        get(hub, tmp_path / "a", worlds.QWEN, QTUNE_TRUSTED_HOSTS="", **tokens, **source)
    assert hub.carrying(worlds.GOOD) == hub.carrying(worlds.MODELSCOPE) == set()
    for source in (FROM_HF, FROM_MS):
        get(hub, tmp_path / "b", worlds.QWEN, **tokens, **source)
    get(hub, tmp_path / "b", worlds.LLAMA, **tokens, **FROM_HF)
    assert hub.carrying(worlds.GOOD) == {"hf"}
    assert hub.carrying(worlds.MODELSCOPE) <= {"ms"}


def test_a_cloned_project_cannot_trust_a_host_for_the_users_token_file(
    hub: Hub, tmp_path: Path
) -> None:
    from qtune.core.download import download
    from qtune.core.settings import resolve

    home = tmp_path / "hf"
    home.mkdir()
    (home / "token").write_text(worlds.GOOD)
    project = parse(
        f"USE_MODELSCOPE=False\nHF_ENDPOINT={hub.hf_url}\n"
        f"QTUNE_TRUSTED_HOSTS={hub.hf_url.partition('://')[2]}\n"
    )
    settings = resolve(environ={"HF_HOME": str(home)}, project=project)
    found = download(worlds.QWEN, settings)
    assert contents(found.path) == expected(worlds.qwen3())
    assert hub.seen("hf")
    assert hub.carrying(worlds.GOOD) == set()


def test_main_and_master_are_each_hubs_own(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("refused", origin="hf"))
    found = get(hub, tmp_path / "a", worlds.QWEN, revision="main", **FROM_HF)
    assert found.source is not None and found.source.kind == "modelscope"
    hub.heal()
    hub.fault(Fault("refused", origin="ms"))
    found = get(hub, tmp_path / "b", worlds.QWEN, revision="master", **FROM_MS)
    assert found.source is not None and found.source.kind == "huggingface"
    assert {r.query.get("Revision", "master") for r in hub.seen("ms")} <= {"master"}
    assert hub.seen("hf", "*/revision/master") == []


def test_a_commit_is_a_revision(hub: Hub, tmp_path: Path) -> None:
    commit = worlds.qwen3().commit
    found = get(hub, tmp_path, worlds.QWEN, revision=commit, **FROM_HF)
    assert found.commit == commit
    assert not (repo_folder(tmp_path, worlds.QWEN) / "refs").exists()


def test_the_settings_of_these_tests_are_sound(hub: Hub, tmp_path: Path) -> None:
    at(hub, tmp_path, **FROM_HF).require_valid()

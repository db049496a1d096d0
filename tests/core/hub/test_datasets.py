"""Datasets, read from both hubs beside the models of the same names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from qtune.core.errors import HubError, Nonsense, NotFound, UsageError
from qtune.core.http import Reply
from qtune.core.hub.envelope import refused
from qtune.core.hub.interface import AccessState, Manifest
from qtune.core.hub.names import check_repo_id
from qtune.core.hub.refusals import Asked, refusal
from qtune.core.sources import Source, SourceKind
from tests.core.hub.asking import opened, settings_for
from tests.hub import Fault, Hub, Repo, worlds
from tests.hub.fetch import fetch

BOTH: tuple[SourceKind, ...] = ("huggingface", "modelscope")
MODEL = worlds.small(worlds.ALPACA)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub([worlds.alpaca(), MODEL], worlds.USERS) as hub:
        yield hub


def sizes(manifest: Manifest) -> dict[str, int]:
    return {file.path: file.size for file in manifest.files}


def listed(repo: Repo) -> dict[str, int]:
    return {path: len(data) for path, data in repo.files.items()}


@pytest.mark.parametrize("kind", BOTH)
def test_a_model_and_a_dataset_of_one_name_are_two_repositories(hub: Hub, kind: SourceKind) -> None:
    with opened(hub, kind, settings_for(hub)) as at:
        dataset = at.manifest(worlds.ALPACA, repo_type="dataset")
        model = at.manifest(worlds.ALPACA)
    assert (dataset.repo_type, model.repo_type) == ("dataset", "model")
    assert sizes(dataset) == listed(worlds.alpaca())
    assert sizes(model) == listed(MODEL)


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("path", ["data/train.jsonl", "data/test.jsonl"])  # large and small
def test_a_file_of_a_dataset_is_located_and_may_be_read(
    hub: Hub, kind: SourceKind, path: str
) -> None:
    with opened(hub, kind, settings_for(hub)) as at:
        commit = at.manifest(worlds.ALPACA, repo_type="dataset").commit
        found = at.locate(worlds.ALPACA, commit, path, repo_type="dataset")
        assert at.access(worlds.ALPACA, repo_type="dataset").state is AccessState.GRANTED
        with pytest.raises(NotFound):
            at.locate(worlds.ALPACA, "main", path)  # the model has no such file
    assert found.size in (None, len(worlds.alpaca().files[path]))
    assert fetch(found.url).body == worlds.alpaca().files[path]


def test_access_is_asked_of_another_file_where_there_is_no_card() -> None:
    bare = Repo("o/bare", {"data/a.parquet": b"PAR1"}, type="dataset")
    with Hub([bare, replace(bare, id="o/shut", gated="auto")], worlds.USERS) as hub:
        for kind in BOTH:
            with opened(hub, kind, settings_for(hub)) as at:
                assert at.access("o/bare", repo_type="dataset").state is AccessState.GRANTED
                shut = at.access("o/shut", repo_type="dataset").state
            assert shut in (AccessState.GATED_NO_TOKEN, AccessState.MISSING_OR_PRIVATE)


def many(count: int) -> Repo:
    return Repo("o/many", {f"{n:04}.json": b"%d" % n for n in range(count)}, type="dataset")


@pytest.mark.parametrize(("count", "requests"), [(199, 1), (200, 2), (450, 3)])
def test_every_page_of_modelscopes_listing_is_turned(count: int, requests: int) -> None:
    with Hub([many(count)]) as hub, opened(hub, "modelscope", settings_for(hub)) as ms:
        assert len(ms.manifest("o/many", repo_type="dataset").files) == count
        assert len(hub.seen("ms", "*/repo/tree")) == requests


NO_ACCESS = json.dumps({"Code": 10010200001, "Message": "access denied", "Success": False})


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", "ms", "*/repo/tree", status=403, body=NO_ACCESS.encode(), skip=1, times=2),
        Fault("status", "ms", "*/repo/tree", status=502, skip=1, times=2),
        Fault("reset", "ms", "*/repo/tree", skip=1, times=2),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_a_later_page_that_fails_for_a_moment_is_asked_for_again(fault: Fault) -> None:
    with Hub([many(450)]) as hub:
        hub.fault(fault)
        with opened(hub, "modelscope", settings_for(hub)) as ms:
            assert len(ms.manifest("o/many", repo_type="dataset").files) == 450
        assert len(hub.seen("ms", "*/repo/tree")) == 5


def test_the_first_page_is_taken_at_its_word() -> None:
    with Hub([many(450)]) as hub:
        hub.fault(Fault("status", "ms", "*/repo/tree", status=403, body=NO_ACCESS.encode()))
        with opened(hub, "modelscope", settings_for(hub)) as ms, pytest.raises(NotFound):
            ms.manifest("o/many", repo_type="dataset")
        assert len(hub.seen("ms", "*/repo/tree")) == 1


@pytest.mark.triggers("HUB223")
def test_a_listing_that_never_turns_its_page_is_no_listing() -> None:
    entries = [{"Path": f"{n}.json", "Type": "blob", "Size": 1} for n in range(200)]
    page = json.dumps({"Code": 200, "Success": True, "Data": {"Files": entries}}).encode()
    with Hub([many(1)]) as hub:
        hub.fault(Fault("status", origin="ms", path="*/repo/tree", status=200, body=page))
        with opened(hub, "modelscope", settings_for(hub)) as ms, pytest.raises(Nonsense) as caught:
            ms.manifest("o/many", repo_type="dataset")
        assert len(hub.seen("ms", "*/repo/tree")) == 2
    assert caught.value.code == "HUB223"


ASKED = Asked(Source("huggingface", "https://hf.example"), "o/n", None, False, "", "dataset")


@pytest.mark.parametrize("state", [s for s in AccessState if s is not AccessState.GRANTED])
def test_every_refusal_of_a_dataset_speaks_of_a_dataset(state: AccessState) -> None:
    error = refusal(state, ASKED, 403, "")
    model = refusal(state, replace(ASKED, repo_type="model"), 403, "")
    fix = error.fix
    assert fix is not None
    for text in (error.message.en, error.message.zh, fix.en, fix.zh):
        assert "model" not in text.lower() and "模型" not in text
        assert "hf.example/o/n" not in text  # its page has another address
    said = f"{error.message.en} {fix.en}", f"{error.message.zh} {fix.zh}"
    if state is not AccessState.RATE_LIMITED:
        assert "dataset" in said[0] and "数据集" in said[1]
    assert "dataset" not in model.message.en and "数据集" not in model.message.zh


@pytest.mark.triggers("HUB221")
@pytest.mark.parametrize("kind", BOTH)
def test_a_dataset_that_is_not_there_is_not_called_a_model(hub: Hub, kind: SourceKind) -> None:
    with opened(hub, kind, settings_for(hub)) as at, pytest.raises(HubError) as caught:
        at.manifest("o/nothing", repo_type="dataset")
    assert caught.value.code == ("HUB221" if kind == "modelscope" else "GATE400")
    assert "dataset" in caught.value.message.en and "数据集" in caught.value.message.zh
    # A model of that name is another matter.
    with opened(hub, kind, settings_for(hub)) as at, pytest.raises(HubError) as caught:
        at.manifest("o/nothing")
    assert "dataset" not in caught.value.message.en and "数据集" not in caught.value.message.zh


@pytest.mark.triggers("HUB221")
@pytest.mark.parametrize("said", ["数据集不存在", "Dataset does not exist.", "dataset not found"])
def test_modelscopes_words_for_no_dataset_count_whatever_its_code(said: str) -> None:
    body = json.dumps({"Code": 10020109999, "Message": said, "Success": False}).encode()
    reply = Reply(404, {"content-type": "application/json"}, body, "https://ms.example/x", 0.0)
    asked = replace(ASKED, source=Source("modelscope", "https://ms.example"))
    assert refused(reply, asked).code == "HUB221"
    file = {"Code": 10990101002, "Message": "获取数据集文件失败，信息：file not found"}
    assert refused(replace(reply, body=json.dumps(file).encode()), asked).code == "GATE408"


@pytest.mark.parametrize(
    "pasted",
    [
        "https://huggingface.co/datasets/tatsu-lab/alpaca/tree/main",
        "https://modelscope.cn/datasets/tatsu-lab/alpaca/summary",
        "datasets/tatsu-lab/alpaca",
    ],
)
def test_a_pasted_address_of_a_dataset_says_how_to_ask_for_one(pasted: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_repo_id(pasted)
    assert caught.value.fix is not None
    assert "qtune download --repo-type dataset tatsu-lab/alpaca" in caught.value.fix.en

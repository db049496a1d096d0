"""Nothing that a user or a run config names can change the shape of a URL or a path."""

from __future__ import annotations

import pytest

from qtune.core.errors import UsageError
from qtune.core.hub.names import check_repo_id, check_revision, quoted


@pytest.mark.parametrize("repo_id", ["Qwen/Qwen3-4B", "gpt2", "a_b/c.d-e", "01-ai/Yi-1.5-6B"])
def test_real_ids_pass(repo_id: str) -> None:
    assert check_repo_id(repo_id) == repo_id


@pytest.mark.parametrize(
    "repo_id",
    [
        "", "a/b/c", "../x", "a/..", "a/b?x=1", "a/b#c", "a/b%2e", "a b/c", "/a", "a/", "a//b",
        "a--b/c", ".a/b", "a/b.", "-a/b", "a/b\n", "a/" + "b" * 97, "http://x/a", "a\\b", "模型/名",
        "a/b.git", "a/b.ipynb",
    ],
)  # fmt: skip
def test_anything_else_is_refused_before_a_request(repo_id: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_repo_id(repo_id)
    assert caught.value.code == "HUB224"
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "pasted",
    [
        '"Qwen/Qwen3-4B"',
        " Qwen/Qwen3-4B ",
        "“Qwen/Qwen3-4B”",
        "https://huggingface.co/Qwen/Qwen3-4B/tree/main",
        "https://modelscope.cn/models/Qwen/Qwen3-4B",
    ],
)
def test_what_was_pasted_with_the_id_is_told_apart_from_it(pasted: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_repo_id(pasted)
    assert caught.value.fix is not None
    assert caught.value.fix.en == "Write Qwen/Qwen3-4B."


def test_an_address_that_is_no_models_page_is_not_taken_for_one() -> None:
    with pytest.raises(UsageError) as caught:
        check_repo_id("https://example.com/foo")
    assert caught.value.fix is not None
    assert caught.value.fix.en == "Write it as owner/name, for example Qwen/Qwen3-4B."


@pytest.mark.parametrize("revision", ["main", "v1.0", "refs/pr/1", "a" * 40, "feature/x_y"])
def test_real_revisions_pass(revision: str) -> None:
    assert check_revision(revision) == revision


@pytest.mark.parametrize(
    "revision", ["", "..", "a/../b", "/main", "main/", "a//b", ".git", "a/.b", "a?b", "a#b", "a b"]
)
def test_a_revision_cannot_climb_out_of_refs(revision: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_revision(revision)
    assert caught.value.code == "HUB225"


def test_a_path_stays_one_path_in_a_url() -> None:
    assert quoted("a b/c#d?e%2f.json") == "a%20b/c%23d%3Fe%252f.json"

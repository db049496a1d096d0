"""The configurations in editors/ in the editors themselves, without a window: each is told of a misspelt key."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.installed import ROOT

EDITORS = ROOT / "editors"
ALE = next(
    (
        p
        for p in map(Path, ("/usr/share/vim-ale", os.environ.get("ALE") or "/"))
        if (p / "autoload/ale").is_dir()
    ),
    None,
)
SAID = "USE_MODELSCOP (.env line 2) is no setting of qtune; did you mean USE_MODELSCOPE?"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(find_spec("pygls") is None, reason="needs the extra `lsp`"),
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`qtune` is found on PATH, as the configurations expect it."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    monkeypatch.setenv("PATH", path)
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / ".env").write_text("# settings\nUSE_MODELSCOP=True\n", "utf-8")
    (folder / ".env").chmod(0o600)
    (folder / ".git").mkdir()
    return folder


def ends(*command: str | Path, project: Path) -> str:
    done = subprocess.run(
        command,
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    return done.stdout


@pytest.mark.skipif(shutil.which("nvim") is None, reason="Neovim is not installed")
def test_neovim(project: Path, tmp_path: Path) -> None:
    answer, script = tmp_path / "answer", tmp_path / "look.lua"
    script.write_text(
        f"""
        vim.wait(30000, function() return #vim.diagnostic.get(0) > 0 end, 50)
        local said = {{}}
        for _, d in ipairs(vim.diagnostic.get(0)) do
          table.insert(said, d.lnum .. ':' .. d.col .. ' ' .. vim.split(d.message, '\\n')[1])
        end
        local params = vim.lsp.util.make_given_range_params({{2, 0}}, {{2, 1}})
        params.context = {{diagnostics = {{}}}}
        local answered = vim.lsp.buf_request_sync(0, 'textDocument/codeAction', params, 20000)
        for _, answer in pairs(answered or {{}}) do
          for _, action in ipairs(answer.result or {{}}) do table.insert(said, action.title) end
        end
        vim.fn.writefile(said, '{answer}')
        """,
        "utf-8",
    )
    config = EDITORS / "neovim/qtune.lua"
    out = ends(
        *("nvim", "--headless", "--cmd", f"luafile {config}", ".env"),
        *("-c", f"luafile {script}", "-c", "qa!"),
        project=project,
    )
    assert answer.is_file(), out
    said = answer.read_text("utf-8")
    assert f"1:0 {SAID}" in said
    assert "Rename USE_MODELSCOP to USE_MODELSCOPE" in said


def eglot() -> bool:
    if shutil.which("emacs") is None:
        return False
    look = ("emacs", "--batch", "--eval", "(progn (package-initialize) (require 'eglot))")
    return subprocess.run(look, capture_output=True).returncode == 0


def test_emacs(project: Path, tmp_path: Path) -> None:
    if not eglot():
        pytest.skip("Emacs with eglot is not installed")
    script = tmp_path / "look.el"
    script.write_text(
        """
        (package-initialize)
        (require 'eglot)
        (setq eglot-sync-connect 30)
        (find-file ".env")
        (apply #'eglot (eglot--guess-contact))
        (let ((n 0))
          (while (and (< n 300) (null (flymake-diagnostics)))
            (flymake-start) (accept-process-output nil 0.1) (setq n (1+ n))))
        (dolist (d (flymake-diagnostics))
          (message "%d: %s" (line-number-at-pos (flymake-diagnostic-beg d)) (flymake-diagnostic-text d)))
        (goto-char (point-min)) (forward-line 1)
        (dolist (action (append (eglot-code-actions (line-beginning-position) (line-end-position)) nil))
          (message "%s" (plist-get action :title)))
        """,
        "utf-8",
    )
    config = EDITORS / "emacs/qtune.el"
    said = ends("emacs", "--batch", "-l", config, "-l", script, project=project)
    assert SAID in said, said
    assert "2: " in said
    assert "Rename USE_MODELSCOP to USE_MODELSCOPE" in said


@pytest.mark.skipif(
    ALE is None or shutil.which("vim") is None, reason="Vim with ALE is not installed"
)
def test_vim(project: Path, tmp_path: Path) -> None:
    answer, script, config = tmp_path / "answer", tmp_path / "look.vim", tmp_path / "vimrc"
    config.write_text(
        f"set nocompatible\nset rtp^={ALE}\nfiletype plugin on\nsource {EDITORS}/vim/qtune.vim\n",
        "utf-8",
    )
    script.write_text(
        f"""
        let n = 0
        while n < 300 && empty(get(get(g:ale_buffer_info, bufnr(''), {{}}), 'loclist', []))
          sleep 100m
          let n += 1
        endwhile
        let found = g:ale_buffer_info[bufnr('')].loclist
        call writefile(map(copy(found), {{_, l -> l.lnum . ':' . l.col . ' ' . l.text}}), '{answer}')
        qa!
        """,
        "utf-8",
    )
    out = ends(
        *("vim", "-N", "-u", config, "-es", ".env", "-c", "ALELint", "-c", f"source {script}"),
        project=project,
    )
    assert answer.is_file(), out
    assert f"2:1 {SAID}" in answer.read_text("utf-8")

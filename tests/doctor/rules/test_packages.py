"""PKG700, PKG702 to PKG706 over real metadata, real environments and real imports in child processes."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from qtune.core.workload import Workload
from qtune.doctor.facts import Facts, Imports, Known, Packages
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.probes import imports, packages
from qtune.doctor.rules.pkg import pkg700, pkg701, pkg702, pkg703, pkg704, pkg705, pkg706
from tests.doctor.build import env_line, healthy, with_setting
from tests.doctor.probes.looking import NOTHING, looking
from tests.doctor.rules.judging import findings, only
from tests.doctor.rules.roads import told

STACK = {
    "torch": "2.13.0",
    "transformers": "5.23.0",
    "peft": "0.21.2",
    "accelerate": "1.15.0",
    "tokenizers": "0.23.3",
    "huggingface_hub": "2.4.0",
}


class Site:
    """A site-packages with metadata, and with modules where they are to be imported."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, name: str, version: str, *requires: str, code: str | None = None) -> None:
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Dist: {requirement}" for requirement in requires]
        (info / "METADATA").write_text("\n".join(lines) + "\n")
        if code is not None:
            module = self.folder / name.replace("-", "_")
            module.mkdir()
            (module / "__init__.py").write_text(textwrap.dedent(code))

    def stack(self, **changes: str) -> Site:
        for name, version in {**STACK, **changes}.items():
            if version:
                self.add(name, version)
        return self


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """All that is installed, for this process and the children it starts."""
    made = Site(tmp_path / "site")
    monkeypatch.setattr(sys, "path", [str(made.folder)])
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    return made


def installed(root: Path, **environ: str) -> Known[Packages]:
    with looking(root, environ) as context:
        return packages.probe(context, NOTHING)


# --- PKG700 -------------------------------------------------------------------------------------------


def environment(folder: Path, *names: str) -> Path:
    """A virtual environment as Python makes them on this system, with metadata alone."""
    inner = "Lib/site-packages" if os.name == "nt" else "lib/python3.11/site-packages"
    there = Site(folder / inner)
    for name in names:
        there.add(name, STACK[name])
    return folder


@pytest.mark.triggers("PKG700")
@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_torch_is_in_the_environment_that_is_activated_and_not_in_qtunes(
    site: Site, tmp_path: Path, variable: str
) -> None:
    there = environment(tmp_path / "mine", "torch", "transformers")
    facts = healthy(packages=installed(tmp_path, **{variable: str(there)}))
    finding = only(pkg700.RULE, facts)
    assert finding.severity is Severity.ERROR
    assert str(there) in finding.message.en and sys.prefix in finding.message.zh
    assert "torch 2.13.0" in told(finding) and variable in told(finding)
    assert finding.fix is not None and finding.fix.command.startswith(f'"{there}')
    assert only(pkg701.RULE, facts).because == "PKG700"


@pytest.mark.spares("PKG700")
def test_another_environment_that_would_not_help_is_not_spoken_of(
    site: Site, tmp_path: Path
) -> None:
    empty = environment(tmp_path / "empty")
    assert (
        findings(pkg700.RULE, healthy(packages=installed(tmp_path, VIRTUAL_ENV=str(empty)))) == []
    )
    own = installed(tmp_path, VIRTUAL_ENV=sys.prefix)
    assert own.value.elsewhere is None
    site.stack()  # all is here: what else is activated does not matter
    there = environment(tmp_path / "mine", "torch", "transformers")
    assert (
        findings(pkg700.RULE, healthy(packages=installed(tmp_path, VIRTUAL_ENV=str(there)))) == []
    )


def test_a_python_for_which_there_is_no_torch() -> None:
    absent = Packages("3.11.7", {"torch": "", "transformers": "5.23.0"}, bits=32)
    assert "32-bit" in only(pkg700.RULE, healthy(packages=Known(absent))).message.en
    new = Packages("3.15.0", {"torch": ""})
    assert only(pkg700.RULE, healthy(packages=Known(new))).severity is Severity.WARNING
    here = replace(new, versions={"torch": "2.20.0"})
    assert findings(pkg700.RULE, healthy(packages=Known(here))) == []
    assert findings(pkg700.RULE, healthy(packages=Known(replace(new, python="3.14.2")))) == []


# --- PKG702 -------------------------------------------------------------------------------------------


@pytest.mark.triggers("PKG702")
def test_a_tokenizers_that_transformers_refuses(site: Site, tmp_path: Path) -> None:
    site.add("transformers", "5.23.0", "tokenizers<=0.24,>=0.23", "huggingface-hub<3.0,>=1.0")
    site.add("tokenizers", "0.21.0")
    site.add("huggingface_hub", "2.4.0")
    finding = only(pkg702.RULE, healthy(packages=installed(tmp_path)))
    assert finding.severity is Severity.ERROR
    for text in (finding.message.en, finding.message.zh):
        assert "transformers" in text and "tokenizers<=0.24,>=0.23" in text and "0.21.0" in text
    assert finding.fix is not None
    assert finding.fix.command == 'python -m pip install "tokenizers<=0.24,>=0.23"'


@pytest.mark.triggers("PKG702")
def test_case_29_a_transformers_that_cannot_read_lists_of_special_tokens(
    site: Site, tmp_path: Path
) -> None:
    """LLaMA-Factory#10766: 4.55 to 4.57.6 stop at a tokenizer that version 5 saved."""
    site.add("qtune", "0.1.0", "transformers>=5; extra == 'train'", "huggingface_hub>=1.0")
    site.stack(transformers="4.57.1")
    finding = only(pkg702.RULE, healthy(packages=installed(tmp_path)))
    assert "transformers>=5" in finding.message.en
    assert "extra_special_tokens" in told(finding)
    # For a download, what training needs is nobody's business.
    with looking(tmp_path, kind="download") as context:
        assert packages.probe(context, NOTHING).value.unmet == ()


@pytest.mark.triggers("PKG702")
def test_something_that_is_asked_for_and_missing(site: Site, tmp_path: Path) -> None:
    site.add("peft", "0.21.2", "accelerate>=0.21", "numpy>=1.17")
    site.add("numpy", "2.4.6")
    finding = only(pkg702.RULE, healthy(packages=installed(tmp_path)))
    assert finding.severity is Severity.ERROR and "not installed" in finding.message.en


@pytest.mark.spares("PKG702")
def test_what_fits_or_is_not_of_the_stack_is_fine(site: Site, tmp_path: Path) -> None:
    site.add(
        "transformers",
        "5.23.0",
        "tokenizers<=0.24,>=0.23",
        "regex>=9999",  # pip's business
        "torch>=99; extra == 'torch'",
        "torch>=99; python_version < '3'",
        "nonsense ===(",
    )
    site.add("tokenizers", "0.23.3")
    site.add("accelerate", "1.15.0", "torch>=2.0")
    site.add("torch", "2.6.0a0+git1234")
    site.add("numpy", "not-a-version")
    site.add("datasets", "5.2.0", "numpy>=1.17")
    site.add("someone", "1.0", "transformers<1")
    assert installed(tmp_path).value.unmet == ()


# --- PKG703, PKG704: real imports ---------------------------------------------------------------------

TORCH = """
    __version__ = "2.13.0"
    class cuda:
        is_available = staticmethod(lambda: {cuda})
"""
NMS = "raise RuntimeError('operator torchvision::nms does not exist')"
SYMBOL = "raise ImportError('flash_attn_2_cuda.so: undefined symbol: _ZN3c104cuda9SetDeviceEi')"


def imported(root: Path, site: Site, tuning: str = "lora") -> Facts:
    with looking(root, {"PYTHONPATH": str(site.folder)}) as context:
        run = Workload(tuning=tuning)  # type: ignore[arg-type]
        context = replace(context, goal=replace(context.goal, training=run))
        fact = imports.probe(context, NOTHING, seconds=20)
        seen = packages.probe(context, NOTHING)
    facts = healthy(imports=fact, packages=seen)
    return replace(facts, goal=replace(facts.goal, training=run))


@pytest.fixture
def with_torch(site: Site) -> Callable[..., Site]:
    def make(transformers: str = "5.23.0", cuda: bool = False) -> Site:
        site.stack(torch="", transformers=transformers)
        site.add("torch", "2.13.0", code=TORCH.format(cuda=cuda))
        return site

    return make


def broken(facts: Facts) -> list[Finding]:
    return [*findings(pkg703.RULE, facts), *findings(pkg704.RULE, facts)]


@pytest.mark.triggers("PKG704")
@pytest.mark.spares("PKG704")
def test_case_26_a_torchvision_that_was_built_for_another_torch(
    with_torch: Callable[..., Site], tmp_path: Path
) -> None:
    site = with_torch()
    site.add("torchvision", "0.28.0", code=NMS)
    assert broken(imported(tmp_path, site)) == []  # without Pillow transformers leaves it alone
    site.add("pillow", "12.0.0")
    (finding,) = broken(imported(tmp_path, site))
    assert (finding.code, finding.severity) == ("PKG704", Severity.ERROR)
    assert "torchvision 0.28.0" in finding.message.en and "torch 2.13.0" in finding.message.zh
    assert "operator torchvision::nms" in told(finding)
    assert finding.fix is not None and "uninstall torchvision" in finding.fix.command
    (site.folder / "torchvision/__init__.py").write_text("")
    assert broken(imported(tmp_path, site)) == []


@pytest.mark.triggers("PKG704")
@pytest.mark.spares("PKG704")
@pytest.mark.parametrize(("transformers", "code"), [("4.51.3", ["PKG704"]), ("5.23.0", [])])
def test_case_27_a_flash_attn_that_was_built_for_another_torch(
    with_torch: Callable[..., Site], tmp_path: Path, transformers: str, code: list[str]
) -> None:
    """transformers 4 imports it with the model; version 5 only when it is asked to."""
    site = with_torch(transformers)
    site.add("flash-attn", "2.7.4", code=SYMBOL)
    found = broken(imported(tmp_path, site))
    assert [finding.code for finding in found] == code
    assert all("undefined symbol" in told(finding) for finding in found)


@pytest.mark.triggers("PKG704")
def test_an_import_that_kills_the_process(with_torch: Callable[..., Site], tmp_path: Path) -> None:
    site = with_torch("4.51.3")
    site.add("pillow", "12.0.0")
    site.add("torchvision", "0.28.0", code="import os; print('{\"tried\"'); os._exit(7)")
    site.add("flash-attn", "2.7.4", code="")
    (finding,) = broken(imported(tmp_path, site))
    assert "torchvision" in finding.message.en and "status 7" in told(finding)


@pytest.mark.spares("PKG703", "PKG704")
def test_a_broken_torch_is_not_blamed_on_others(site: Site, tmp_path: Path) -> None:
    site.stack(torch="")
    site.add("torch", "2.13.0", code="raise ImportError('libcudart.so.12')")
    site.add("pillow", "12.0.0")
    site.add("torchvision", "0.28.0", code=NMS)
    facts = imported(tmp_path, site)
    assert facts.imports == Known(Imports())


CEXTENSION = "class lib:\n    compiled_with_cuda = {}\n"


@pytest.mark.triggers("PKG703")
@pytest.mark.spares("PKG703")
@pytest.mark.parametrize(
    ("code", "cuda", "compiled", "codes"),
    [
        ("raise RuntimeError('CUDA Setup failed despite GPU being available.')", True, "True", 1),
        ("", True, "False", 1),
        ("", True, "True", 0),
        ("", False, "False", 0),
    ],
)
def test_case_28_a_bitsandbytes_without_a_library_for_this_cuda(
    with_torch: Callable[..., Site],
    tmp_path: Path,
    code: str,
    cuda: bool,
    compiled: str,
    codes: int,
) -> None:
    site = with_torch(cuda=cuda)
    site.add("bitsandbytes", "0.43.0", code=code)
    (site.folder / "bitsandbytes/cextension.py").write_text(CEXTENSION.format(compiled))
    found = broken(imported(tmp_path, site, "qlora"))
    assert [finding.code for finding in found] == ["PKG703"] * codes
    assert all("tuning: lora" in str(finding.fix) for finding in found)
    assert broken(imported(tmp_path, site, "lora")) == [], "who does not want it is not told"


@pytest.mark.triggers("PKG703")
def test_a_bitsandbytes_that_is_not_there(with_torch: Callable[..., Site], tmp_path: Path) -> None:
    (finding,) = broken(imported(tmp_path, with_torch(), "qlora"))
    assert finding.code == "PKG703" and "not installed" in finding.message.en


# --- PKG705 -------------------------------------------------------------------------------------------


@pytest.mark.triggers("PKG705")
@pytest.mark.spares("PKG705")
@pytest.mark.parametrize(
    ("key", "value", "package", "version", "count"),
    [
        ("HF_HUB_DISABLE_SYMLINKS", "1", "huggingface_hub", "1.8.0", 1),
        ("HF_HUB_DISABLE_SYMLINKS", "1", "huggingface_hub", "1.9.0", 0),
        ("HF_HUB_DISABLE_SYMLINKS", "0", "huggingface_hub", "1.8.0", 0),
        ("HF_XET_HIGH_PERFORMANCE", "True", "hf_xet", "", 1),
        ("HF_XET_HIGH_PERFORMANCE", "True", "hf_xet", "1.8.0", 0),
        ("HF_XET_CACHE", "/fast/xet", "hf_xet", "", 1),
    ],
)
def test_a_setting_that_the_installed_library_does_not_read(
    site: Site, tmp_path: Path, key: str, value: str, package: str, version: str, count: int
) -> None:
    site.stack(**{package: version})
    facts = with_setting(healthy(packages=installed(tmp_path)), key, value, env_line(key, 4))
    found = findings(pkg705.RULE, facts)
    assert len(found) == count
    for finding in found:
        assert finding.severity is Severity.INFO and key in finding.message.en
        assert finding.span is not None and finding.span.line == 4


def test_a_default_is_nobodys_mistake(site: Site, tmp_path: Path) -> None:
    assert findings(pkg705.RULE, healthy(packages=installed(tmp_path))) == []


# --- PKG706 -------------------------------------------------------------------------------------------


@pytest.mark.triggers("PKG706")
@pytest.mark.parametrize("name", ["torch.py", "datasets/__init__.py"])
def test_a_file_of_the_projects_that_stands_before_a_package(
    site: Site, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "project" / name
    path.parent.mkdir(parents=True)
    path.write_text("")
    seen = installed(tmp_path, PYTHONPATH=str(tmp_path / "project"))
    finding = only(pkg706.RULE, healthy(packages=seen))
    assert finding.severity is Severity.ERROR
    assert str(path) in finding.message.en and str(path) in finding.message.zh


@pytest.mark.spares("PKG706")
def test_data_sets_and_packages_that_were_put_there_on_purpose_are_fine(
    site: Site, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    (project / "datasets").mkdir(parents=True)  # data, no package
    (project / "torch.py").write_text("")  # not on PYTHONPATH, and `python -P` leaves it out
    target = Site(tmp_path / "target")  # pip install --target
    target.add("transformers", "5.23.0", code="")
    checkout = tmp_path / "peft/src"
    (checkout / "peft").mkdir(parents=True)
    (checkout / "peft/__init__.py").write_text("")
    (checkout.parent / "pyproject.toml").write_text("")
    more = tmp_path / "more"
    (more / "datasets").mkdir(parents=True)
    path = os.pathsep.join(map(str, (target.folder, checkout, more, tmp_path / "nowhere")))
    assert findings(pkg706.RULE, healthy(packages=installed(project, PYTHONPATH=path))) == []

"""The questions of the user's FAQ, each as the user meets it: installed qtune, both hubs, an `.env`, no prior knowledge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.road import Done, Road
from tests.hub import Fault, Kind, worlds

pytestmark = pytest.mark.e2e

DOWNLOAD = ("--for", "download")
QUICK = (*DOWNLOAD, "--no-speed")
RECOMMENDED = ("USE_MODELSCOPE=True", f"DEFAULT_MODEL={worlds.QWEN}", "# HF_TOKEN=")
OVERSEAS = ("USE_MODELSCOPE=False", f"DEFAULT_MODEL={worlds.QWEN}")
GATED = ("USE_MODELSCOPE=False", f"DEFAULT_MODEL={worlds.LLAMA}")


def first(done: Done) -> dict[str, Any]:
    finding = done.report["findings"][0]
    assert isinstance(finding, dict)
    return finding


def both_languages(way: Road, *arguments: str, **environ: str) -> dict[str, str]:
    """What a person reads, as one line each."""
    said = {
        lang: way.qtune("doctor", *arguments, QTUNE_LANG=lang, **environ).stdout
        for lang in ("en", "zh")
    }
    return {lang: " ".join(text.split()) for lang, text in said.items()}


# --- is a token needed? ---------------------------------------------------------------------------


def test_qwen3_from_modelscope_needs_no_token_and_nothing_else(way: Road) -> None:
    """The recommended configuration: no finding of any severity, no request to the other hub, the files."""
    way.env(*RECOMMENDED)
    done = way.doctor(*DOWNLOAD)
    assert (done.code, done.codes) == (0, [])
    assert done.report["recommended_env"] == {}
    way.hub.forget()
    downloaded = way.qtune("download")
    assert downloaded.code == 0, downloaded.stderr
    assert (Path(downloaded.stdout.strip()) / "config.json").is_file()
    assert way.asked("huggingface") == 0
    assert not any("authorization" in request.headers for request in way.hub.requests)


def test_it_says_so_in_both_languages(way: Road) -> None:
    way.env(*RECOMMENDED)
    said = both_languages(way, *QUICK)
    assert "No problems found" in said["en"] and "没有发现问题" in said["zh"]
    assert "TOK" not in said["en"] + said["zh"]


@pytest.mark.parametrize("token", ["", f"HF_TOKEN={worlds.GOOD}"])
def test_qwen3_from_hugging_face_needs_none_either_and_a_good_one_does_no_harm(
    way: Road, token: str
) -> None:
    """The configuration for users abroad."""
    way.env(*OVERSEAS, token)
    done = way.doctor(*DOWNLOAD)
    assert (done.code, done.codes) == (0, [])
    assert way.qtune("download", "--quiet").code == 0


def test_no_token_in_python_is_anonymous_and_reads_a_public_model(way: Road) -> None:
    """`token=None` of the FAQ's own lines, run with the settings of `.env`."""
    way.env(*OVERSEAS, "HF_TOKEN=")
    code = (
        "import os\nfrom huggingface_hub import hf_hub_download\n"
        f"print(hf_hub_download({worlds.QWEN!r}, 'config.json', token=os.getenv('HF_TOKEN')))"
    )
    done = way.qtune("exec", "--", str(way.python), "-c", code, HF_HUB_DISABLE_TELEMETRY="1")
    assert done.code == 0, done.stderr
    assert json.loads(Path(done.stdout.strip()).read_text("utf-8"))["model_type"] == "qwen3"
    assert not any("authorization" in request.headers for request in way.hub.requests)


def test_the_placeholder_of_the_faq_left_in_env_is_told_as_one(way: Road) -> None:
    way.env(*OVERSEAS, "HF_TOKEN=hf_your_actual_token_here")
    done = way.doctor(*QUICK)
    finding = first(done)
    assert (finding["code"], finding["span"]["line"]) == ("TOK301", 3)
    assert "placeholder" in finding["message"]
    fixed = way.qtune("doctor", *QUICK, "--fix", "--yes")
    assert fixed.code == 0, fixed.wrote
    assert "hf_your" not in (way.project / ".env").read_text("utf-8")


def test_how_to_get_a_token_and_where_to_put_it(way: Road) -> None:
    """Gated, no token: the page where tokens are made, and the line of `.env`."""
    way.env(*GATED)
    done = way.doctor(*QUICK)
    assert "https://huggingface.co/settings/tokens" in json.dumps(done.report["findings"])
    said = both_languages(way, *QUICK)
    for text in said.values():
        assert "GATE401" in text and "HF_TOKEN" in text and worlds.LLAMA in text


# --- error 1: 401 -----------------------------------------------------------------------------------


def test_401_of_a_gated_model_without_a_token_and_the_way_to_the_files(way: Road) -> None:
    """401, then a token without the licence, then the licence: three different answers, then the files."""
    way.env(*GATED)
    told = way.qtune("download")
    assert told.code == 1 and "GATE401" in told.stderr
    assert "401" in json.dumps(way.doctor(*QUICK, "-vv").report)
    for token, code in ((worlds.NO_LICENCE, "GATE402"), (worlds.PENDING, "GATE403")):
        way.env(*GATED, f"HF_TOKEN={token}")
        done = way.doctor(*QUICK)
        assert (done.code, done.codes) == (1, [code])
        assert f"huggingface.co/{worlds.LLAMA}" in json.dumps(first(done))
        assert code in way.qtune("download").stderr
    way.env(*GATED, f"HF_TOKEN={worlds.GOOD}")
    assert (way.doctor(*DOWNLOAD).codes, way.qtune("download", "--quiet").code) == ([], 0)


@pytest.mark.parametrize(
    ("token", "code", "zh"),
    [
        (worlds.NO_LICENCE, "GATE402", "许可"),
        (worlds.PENDING, "GATE403", "审核"),
        (worlds.REJECTED, "GATE404", "拒绝"),
    ],
)
def test_403_says_in_both_languages_what_is_missing(
    way: Road, token: str, code: str, zh: str
) -> None:
    way.env(*GATED, f"HF_TOKEN={token}")
    said = both_languages(way, *QUICK)
    assert code in said["en"] and worlds.LLAMA in said["en"]
    assert code in said["zh"] and zh in said["zh"]


def test_401_of_a_token_that_ran_out_is_mended_for_qwen3_by_the_other_hub_or_without_it(
    way: Road,
) -> None:
    """A bad token breaks public models too: nobody expects that, so the doctor says which line it is."""
    way.env(*OVERSEAS, "QTUNE_FALLBACK=False", f"HF_TOKEN={worlds.EXPIRED}")
    done = way.doctor(*QUICK)
    assert done.code == 1
    assert (first(done)["code"], first(done)["span"]["line"]) == ("TOK303", 4)
    assert "TOK303" in way.qtune("download").stderr
    way.env("USE_MODELSCOPE=True", f"HF_TOKEN={worlds.EXPIRED}")
    assert way.doctor(*QUICK).codes == []


@pytest.mark.parametrize(
    ("token", "served"), [("", False), (worlds.GOOD, False), (worlds.WRITE, True)]
)
def test_a_private_model_is_there_for_its_owners_only(way: Road, token: str, served: bool) -> None:
    way.env("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False", f"HF_TOKEN={token}")
    done = way.doctor(worlds.PRIVATE, *QUICK)
    assert done.code == (0 if served else 1)
    if not served:
        assert first(done)["code"] == "GATE400" and "private" in first(done)["message"]
    assert way.qtune("download", worlds.PRIVATE, "--quiet").code == done.code


# --- error 2: slow downloads ------------------------------------------------------------------------


@pytest.mark.slow
def test_a_slow_download_is_measured_and_the_faster_hub_recommended(way: Road) -> None:
    """Nobody has to believe that ModelScope is faster here: the very file is read from both."""
    way.hub.change(worlds.demo(1_500_000).repos)
    way.env("USE_MODELSCOPE=False")
    way.hub.fault(Fault(Kind.SLOW, origin="cdn", bytes_per_second=20_000))
    done = way.doctor(*DOWNLOAD)
    assert "HUB207" in done.codes
    row = done.report["recommended_env"]["USE_MODELSCOPE"]
    assert (row["value"], row["applicability"]) == ("True", "SAFE")
    assert "MB/s" in row["reason"] and "kB/s" in row["reason"]


# --- error 3: the model is not found ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        (Fault(Kind.REFUSED, origin="hf"), {"NET102", "HUB200", "NET106"}),
        (Fault(Kind.RESET, origin="hf"), {"HUB200"}),
        (Fault(Kind.HTML, origin="hf"), {"NET105"}),
    ],
    ids=["closed", "reset", "portal"],
)
def test_cant_load_config_is_the_network_and_modelscope_is_the_way_round(
    way: Road, fault: Fault, codes: set[str]
) -> None:
    """OSError: Can't load config for 'Qwen/Qwen3-4B', of which the library does not say why."""
    way.env(*OVERSEAS)
    way.hub.fault(fault)
    done = way.doctor(*QUICK)
    finding = first(done)
    assert finding["code"] in codes, done.codes
    assert done.report["recommended_env"]["USE_MODELSCOPE"]["value"] == "True"
    assert way.qtune("doctor", *QUICK, "--fix", "--yes").code == 0
    assert (way.project / ".env").read_text("utf-8").startswith("USE_MODELSCOPE=True\n")
    assert way.qtune("download", "--quiet").code == 0


@pytest.mark.parametrize("switch", ["False", "True"])
def test_cant_load_config_is_a_name_that_no_hub_has(way: Road, switch: str) -> None:
    way.env(f"USE_MODELSCOPE={switch}", "DEFAULT_MODEL=Qwen/Qwen3-4BB")
    done = way.doctor(*QUICK)
    assert done.code == 1
    assert first(done)["code"] in ("GATE400", "HUB221")
    assert "Qwen/Qwen3-4BB" in json.dumps(done.report["findings"])
    assert way.qtune("download").code == 1


def test_cant_load_config_is_a_model_that_the_chosen_hub_has_not(way: Road) -> None:
    way.env("USE_MODELSCOPE=True", f"DEFAULT_MODEL={worlds.LLAMA}", f"HF_TOKEN={worlds.GOOD}")
    done = way.doctor(*QUICK)
    assert (done.code, first(done)["code"]) == (0, "HUB221")
    assert done.report["recommended_env"]["USE_MODELSCOPE"]["value"] == "False"


# --- rate limits ------------------------------------------------------------------------------------


def test_429_says_how_long_and_what_helps_in_both_languages(way: Road) -> None:
    way.env(*OVERSEAS, "QTUNE_FALLBACK=False")
    limit = {"RateLimit": '"resolvers";r=0;t=120', "Retry-After": "120"}
    way.hub.fault(Fault(Kind.STATUS, origin="hf", path="*resolve*", status=429, headers=limit))
    done = way.doctor(*QUICK)
    assert (done.code, done.codes) == (1, ["HUB208"])
    said = both_languages(way, *QUICK)
    assert "2 min" in said["en"] and "2 分钟" in said["zh"]
    for text in said.values():
        assert "HF_TOKEN" in text or "USE_MODELSCOPE" in text


def test_429_of_hugging_face_is_no_obstacle_where_modelscope_serves(way: Road) -> None:
    way.env(*OVERSEAS)
    way.hub.fault(Fault(Kind.STATUS, origin="hf", status=429, headers={"Retry-After": "3600"}))
    done = way.doctor(*QUICK)
    assert (done.code, first(done)["code"]) == (0, "HUB208")
    assert done.report["recommended_env"]["USE_MODELSCOPE"]["value"] == "True"
    assert way.qtune("download", "--quiet").code == 0

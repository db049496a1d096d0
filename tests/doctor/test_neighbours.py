"""What comes close to a cause over real sockets and is not it: another code, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doctor.examining import Machine, at_home, at_loopback, codes
from tests.hub import Fault, Kind, worlds
from tests.hub.faults import PORTAL

HF_FIRST = "USE_MODELSCOPE=False"
ALONE = "QTUNE_FALLBACK=False"


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Machine]:
    with at_home(tmp_path) as machine:
        machine.env(HF_FIRST, ALONE)
        yield machine


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Machine]:
    with at_loopback(tmp_path) as machine:
        machine.env(HF_FIRST, ALONE)
        yield machine


# --- the road -----------------------------------------------------------------------------------------


@pytest.mark.spares("NET101")
def test_an_address_family_that_the_host_has_is_no_trouble(local: Machine) -> None:
    assert codes(local.examine(QTUNE_IP_FAMILY="4")) == []


@pytest.mark.triggers("HUB200")
@pytest.mark.spares("NET102", "HUB203")
def test_an_open_port_behind_which_nothing_works_is_no_closed_one(local: Machine) -> None:
    local.hub.fault(Fault(Kind.RESET, origin="hf"))
    assert codes(local.examine()) == ["HUB200"]


@pytest.mark.spares("NET103", "NET110")
def test_a_certificate_of_a_ca_that_the_user_names_is_a_good_one(tmp_path: Path) -> None:
    with at_loopback(tmp_path, True) as machine:
        machine.env(HF_FIRST, ALONE)
        assert codes(machine.examine(SSL_CERT_FILE=str(machine.hub.ca_file))) == []


@pytest.mark.triggers("HUB200")
@pytest.mark.spares("NET105", "HUB208")
def test_a_hubs_own_page_of_regret_is_no_sign_in_page(way: Machine) -> None:
    html = {"Content-Type": "text/html", "Retry-After": "120"}
    way.hub.fault(Fault(Kind.STATUS, origin="hf", status=503, headers=html, body=PORTAL))
    assert codes(way.examine()) == ["HUB200"]


# --- the hub ------------------------------------------------------------------------------------------


@pytest.mark.spares("HUB200", "HUB201")
def test_hosts_that_take_their_time_are_no_trouble(way: Machine) -> None:
    way.hub.fault(Fault(Kind.LATENCY, origin="hf", seconds=0.2))
    way.hub.fault(Fault(Kind.LATENCY, origin="cdn", seconds=0.2))
    assert codes(way.examine()) == []


@pytest.mark.spares("HUB203")
def test_an_address_with_a_slash_at_its_end_is_one(local: Machine) -> None:
    assert codes(local.examine(HF_ENDPOINT=f"{local.hub.hf_url}/")) == []


@pytest.mark.spares("HUB204")
def test_a_foreign_address_without_a_token_and_a_trusted_one_with_it_are_fine(
    local: Machine,
) -> None:
    assert codes(local.examine(QTUNE_TRUSTED_HOSTS="")) == []
    assert codes(local.examine(HF_TOKEN=worlds.GOOD)) == []
    assert local.hub.carrying(worlds.GOOD) == {"hf"}


@pytest.mark.spares("HUB207")
def test_a_hub_that_is_a_little_slower_than_the_other_is_not_left(tmp_path: Path) -> None:
    with at_loopback(tmp_path) as machine:
        machine.env(HF_FIRST)
        for origin, speed in (("cdn", 3_000_000), ("ms-cdn", 3_600_000)):
            machine.hub.fault(Fault(Kind.SLOW, origin=origin, bytes_per_second=speed))
        assert codes(machine.examine(speed=True)) == []


@pytest.mark.triggers("HUB208")
@pytest.mark.spares("HUB200", "TOK303")
def test_too_many_requests_are_no_trouble_of_the_hub_or_the_token(way: Machine) -> None:
    way.hub.fault(Fault(Kind.STATUS, origin="hf", path="*resolve*", status=429))
    assert codes(way.examine(HF_TOKEN=worlds.GOOD)) == ["HUB208"]


@pytest.mark.spares("HUB221")
def test_that_a_hub_behind_the_serving_one_lacks_the_model_is_nobodys_business(
    way: Machine,
) -> None:
    way.env(HF_FIRST)
    assert codes(way.examine(worlds.LLAMA, HF_TOKEN=worlds.GOOD)) == []


# --- tokens -------------------------------------------------------------------------------------------


@pytest.mark.spares("TOK302")
def test_quotes_that_env_takes_away_are_no_part_of_the_token(way: Machine) -> None:
    way.env(HF_FIRST, ALONE, f'HF_TOKEN="{worlds.GOOD}"  # mine')
    assert codes(way.examine(worlds.LLAMA)) == []


@pytest.mark.triggers("TOK304")
@pytest.mark.spares("TOK304")
def test_two_tokens_are_told_and_one_token_in_two_places_is_not(way: Machine, home: Path) -> None:
    """The first question of the hub's maintainers: which of them does count?"""
    path = home / ".cache/huggingface/token"
    path.parent.mkdir(parents=True)
    path.write_text(worlds.GOOD + "\n")
    assert codes(way.examine(HF_TOKEN=worlds.GOOD)) == []
    assert codes(way.examine(HF_TOKEN=worlds.UNKNOWN)) == ["TOK303", "TOK304"]


@pytest.mark.spares("TOK312")
def test_a_token_that_modelscope_knows_is_fine(way: Machine) -> None:
    way.env(f"MODELSCOPE_API_TOKEN={worlds.MODELSCOPE}")
    assert codes(way.examine()) == []


# --- access -------------------------------------------------------------------------------------------


@pytest.mark.spares("GATE400", "GATE401", "TOK300")
def test_a_private_model_of_the_users_own_organisation_is_there(way: Machine) -> None:
    assert codes(way.examine(worlds.PRIVATE, kind="push", HF_TOKEN=worlds.WRITE)) == []


@pytest.mark.spares("GATE408")
def test_a_branch_and_a_commit_that_are_there_are_found(way: Machine) -> None:
    (repo,) = (repo for repo in way.hub.world.repos if repo.id == worlds.QWEN)
    for revision in ("main", repo.commit):
        assert codes(way.examine(revision=revision)) == []


# --- the machine and `.env` ---------------------------------------------------------------------------


@pytest.mark.spares("PKG701")
def test_the_first_release_that_knows_the_model_is_new_enough(
    way: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = way.project / "site/transformers-4.51.0.dist-info/METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: transformers\nVersion: 4.51.0\n")
    monkeypatch.syspath_prepend(str(way.project / "site"))
    report = way.examine(kind="train", skip=("torch", "accelerator"))
    assert "PKG701" not in codes(report)


@pytest.mark.spares("ENV802")
def test_env_in_utf_8_with_chinese_and_windows_line_ends_is_plain(way: Machine) -> None:
    path = way.project / ".env"
    path.write_bytes(f"# 下载源\r\n{HF_FIRST}\r\n".encode())
    path.chmod(0o600)
    assert codes(way.examine(only=("env",))) == []

"""Every cause from a real hub, proxy or `.env` to its finding: what probes see is what rules judge."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from qtune.core.envpatch import EnvPatch
from qtune.doctor.finding import Applicability, Severity
from tests.doctor.examining import Machine, at_home, at_loopback, blamed, codes, only
from tests.hub import Fault, Kind, Repo, worlds
from tests.hub.tls import Flaw

HF_FIRST = "USE_MODELSCOPE=False"
ALONE = "QTUNE_FALLBACK=False"
E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Machine]:
    with at_home(tmp_path) as machine:
        yield machine


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Machine]:
    with at_loopback(tmp_path) as machine:
        yield machine


# --- nothing is wrong ---------------------------------------------------------------------------------


@pytest.mark.spares("NET103", "NET106", "NET110", "HUB200", "TOK300", "ENV806")
@pytest.mark.parametrize("lines", [(), (HF_FIRST,), (HF_FIRST, ALONE), (ALONE,)])
def test_a_healthy_machine_behind_a_company_ca_and_a_proxy_has_no_finding(
    way: Machine, lines: tuple[str, ...]
) -> None:
    way.env(*lines)
    report = way.examine()
    assert codes(report) == []
    assert not report.patch


@pytest.mark.spares("TOK301", "TOK306", "GATE401", "GATE402", "GATE403", "GATE404", "GATE405")
@pytest.mark.parametrize("token", [worlds.GOOD, worlds.FINE_GRAINED_GATED, worlds.OAUTH])
def test_a_good_token_for_a_gated_model_has_no_finding(way: Machine, token: str) -> None:
    way.env(HF_FIRST, ALONE, f"HF_TOKEN={token}")
    assert codes(way.examine(worlds.LLAMA)) == []


@pytest.mark.spares("TOK306", "GATE405")
def test_a_permission_for_this_very_repository_is_enough(way: Machine) -> None:
    way.env(HF_FIRST, ALONE)
    assert codes(way.examine(worlds.LLAMA, HF_TOKEN=worlds.FINE_GRAINED_SCOPED)) == []


# --- NET ----------------------------------------------------------------------------------------------


@pytest.mark.triggers("NET101")
def test_a_name_that_does_not_exist_is_net101(local: Machine) -> None:
    local.env(HF_FIRST, ALONE)
    report = local.examine(HF_ENDPOINT="https://no-such-host.invalid")
    finding = only(report, "NET101")
    assert (codes(report)[0], finding.severity) == ("NET101", E)
    assert set(blamed(report).values()) <= {"NET101", None}
    assert blamed(report)["listing.huggingface"] == "NET101"


@pytest.mark.triggers("NET101")
def test_an_address_family_that_the_host_has_not_is_net101_and_the_setting_its_fix(
    local: Machine,
) -> None:
    local.env(HF_FIRST, ALONE, "QTUNE_IP_FAMILY=6")
    report = local.examine()  # 127.0.0.1 is no IPv6 address
    finding = only(report, "NET101")
    assert "QTUNE_IP_FAMILY" in finding.message.en
    assert finding.fix is not None
    assert finding.fix.patch == EnvPatch({}, frozenset({"QTUNE_IP_FAMILY"}))


@pytest.mark.triggers("NET102")
def test_a_closed_port_is_net102_and_the_other_hub_is_recommended(local: Machine) -> None:
    local.env(HF_FIRST)
    local.hub.fault(Fault(Kind.REFUSED, origin="hf"))
    report = local.examine()
    finding = only(report, "NET102")
    assert (finding.severity, finding.source) == (W, "huggingface")
    assert report.patch == EnvPatch({"USE_MODELSCOPE": "True"})


@pytest.mark.triggers("NET102")
def test_two_closed_ports_are_one_net102(local: Machine) -> None:
    for origin in ("hf", "ms"):
        local.hub.fault(Fault(Kind.REFUSED, origin=origin))
    finding = only(local.examine(), "NET102")
    assert (finding.severity, finding.source) == (E, "")
    assert finding.message.en.startswith("None of the hubs can be reached")


@pytest.mark.triggers("NET103")
@pytest.mark.parametrize(
    ("flaw", "trusts", "words"),
    [
        (True, False, "whom this machine does not trust"),
        ("self-signed", True, "self-signed"),
        ("expired", True, "expired"),
        ("wrong-host", True, "another host"),
    ],
)
def test_each_bad_certificate_is_net103(
    tmp_path: Path, flaw: bool | Flaw, trusts: bool, words: str
) -> None:
    with at_loopback(tmp_path, flaw) as machine:
        machine.env(HF_FIRST, ALONE)
        if trusts:
            machine.environ["SSL_CERT_FILE"] = str(machine.hub.ca_file)
        report = machine.examine()
    assert codes(report) == ["NET103"]
    assert words in report.findings[0].message.en
    assert any("issued by: qtune test" in line.en for line in report.findings[0].evidence)


def test_the_systems_own_bundle_is_not_offered_against_a_certificate_it_does_not_trust(
    tmp_path: Path,
) -> None:
    with at_loopback(tmp_path, True) as machine:
        machine.env(HF_FIRST, ALONE)
        bundle = "/etc/ssl/certs/ca-certificates.crt"
        fix = only(machine.examine(REQUESTS_CA_BUNDLE=bundle), "NET103").fix
        assert fix is not None and fix.patch is None
        own = str(machine.hub.ca_file)
        fix = only(machine.examine(REQUESTS_CA_BUNDLE=own), "NET103").fix
        assert fix is not None and fix.patch == EnvPatch({"SSL_CERT_FILE": own})


@pytest.mark.triggers("NET105")
def test_a_sign_in_page_is_net105(way: Machine) -> None:
    way.env(HF_FIRST, ALONE)
    way.hub.fault(Fault(Kind.HTML, origin="hf"))
    report = way.examine()
    assert codes(report) == ["NET105"]
    assert blamed(report)["gate.huggingface"] == "NET105"


@pytest.mark.triggers("NET106")
def test_a_proxy_that_is_down_is_one_net106_for_both_hubs(way: Machine) -> None:
    assert way.proxy is not None
    way.proxy.fault(Fault(Kind.REFUSED))
    report = way.examine()
    assert codes(report) == ["NET106"]
    finding = report.findings[0]
    assert (finding.severity, finding.source) == (E, "")
    assert finding.fix is not None and finding.fix.command == "unset HTTPS_PROXY"


@pytest.mark.triggers("NET106")
@pytest.mark.spares("NET106")
def test_a_proxy_that_wants_a_password_is_net106(tmp_path: Path) -> None:
    with at_home(tmp_path, ("me", "canary-password")) as machine:
        report = machine.examine()
        assert codes(report) == ["NET106"]
        assert "407" in report.findings[0].message.en
        assert machine.proxy is not None
        wrong = machine.proxy.url.replace("http://", "http://me:wrong-word@")
        again = machine.examine(HTTPS_PROXY=wrong)
        assert codes(again) == ["NET106"]
        assert "wrong-word" not in repr(again)
        assert codes(machine.examine(HTTPS_PROXY=machine.proxy.url_with_login)) == []


@pytest.mark.triggers("NET106")
def test_socks_without_a_number_is_net106_and_mended_in_env(way: Machine) -> None:
    del way.environ["HTTPS_PROXY"]
    way.env("HTTPS_PROXY=socks://127.0.0.1:1080")
    report = way.examine()
    assert codes(report) == ["NET106"]
    assert report.patch == EnvPatch({"HTTPS_PROXY": "socks5h://127.0.0.1:1080"})


# --- HUB ----------------------------------------------------------------------------------------------


@pytest.mark.triggers("HUB200")
@pytest.mark.parametrize("kind", [Kind.RESET, Kind.STATUS])
def test_a_hub_in_trouble_is_hub200(way: Machine, kind: Kind) -> None:
    way.env(HF_FIRST)
    way.hub.fault(Fault(kind, origin="hf", status=503))
    finding = only(way.examine(), "HUB200")
    assert (finding.severity, finding.source) == (W, "huggingface")


@pytest.mark.triggers("HUB200")
@pytest.mark.slow
def test_a_silent_hub_is_hub200_with_the_time_it_was_silent(way: Machine) -> None:
    way.env(HF_FIRST)
    way.hub.fault(Fault(Kind.SILENT, origin="hf"))
    report = way.examine()
    assert "sends nothing for 5 s" in only(report, "HUB200").message.en
    assert report.patch == EnvPatch({"USE_MODELSCOPE": "True"})


def test_two_hubs_in_trouble_are_one_hub200_that_does_not_say_unreachable(way: Machine) -> None:
    for origin in ("hf", "ms"):
        way.hub.fault(Fault(Kind.STATUS, origin=origin, status=502))
    message = only(way.examine(), "HUB200").message
    assert message.en.startswith("None of the hubs answers as it should")
    assert message.zh.startswith("所有下载源都没有正常响应")


@pytest.mark.triggers("HUB200")
def test_a_refusal_without_a_known_reason_is_hub200(way: Machine) -> None:
    way.env(HF_FIRST, ALONE)
    way.hub.fault(Fault(Kind.STATUS, origin="hf", path="*/resolve/*", status=418))
    assert codes(way.examine()) == ["HUB200"]


def test_a_hub_that_nobody_vouches_for_is_switched_to_only_by_the_user(way: Machine) -> None:
    """The same name may belong to somebody else there."""
    way.env(HF_FIRST)
    way.hub.fault(Fault(Kind.STATUS, origin="hf", status=503))
    report = way.examine(worlds.SMALL)
    finding = only(report, "HUB200")
    assert finding.severity is E, "nobody may stand in"
    assert finding.fix is not None and finding.fix.applicability is Applicability.UNSAFE
    assert worlds.SMALL.partition("/")[0] in finding.fix.title.en
    assert not report.patch


@pytest.mark.triggers("HUB201")
def test_a_blocked_host_of_large_files_is_hub201(local: Machine) -> None:
    local.env(HF_FIRST)
    local.hub.fault(Fault(Kind.REFUSED, origin="cdn"))
    report = local.examine()
    finding = only(report, "HUB201")
    assert (finding.severity, finding.source) == (W, "huggingface")
    assert report.patch == EnvPatch({"USE_MODELSCOPE": "True"})


@pytest.mark.triggers("HUB201")
@pytest.mark.spares("NET106")
def test_a_proxy_that_refuses_the_large_files_alone_is_hub201(way: Machine) -> None:
    way.env(HF_FIRST, ALONE)
    way.hub.fault(Fault(Kind.REFUSED, origin="cdn"))
    report = way.examine()
    assert codes(report) == ["HUB201"]
    assert "us.aws.cdn.hf.co" in report.findings[0].message.en


@pytest.mark.triggers("HUB203")
def test_an_address_without_a_scheme_is_hub203_and_the_cause_of_what_follows(
    way: Machine,
) -> None:
    """Without it the hub's own address is asked, which the user may have had a reason to avoid."""
    way.env(HF_FIRST, ALONE, "HF_ENDPOINT=hf-mirror.com")
    way.hub.fault(Fault(Kind.RESET, origin="hf"))
    report = way.examine()
    root, *rest = report.findings
    assert (root.code, root.severity, root.because) == ("HUB203", E, None)
    assert root.fix is not None and root.fix.patch == EnvPatch(
        {"HF_ENDPOINT": "https://hf-mirror.com"}
    )
    assert root.span is not None and root.span.line == 3
    assert [(f.code, f.because) for f in rest] == [("HUB200", "HUB203")]
    assert not any("hf-mirror" in line.en for one in rest for line in one.evidence)


@pytest.mark.triggers("HUB203")
@pytest.mark.spares("NET105")
def test_something_else_at_the_users_address_is_hub203(local: Machine) -> None:
    local.env(HF_FIRST, ALONE)
    plain = {"Content-Type": "text/plain"}
    local.hub.fault(Fault(Kind.STATUS, origin="hf", status=200, body=b"hello", headers=plain))
    report = local.examine()
    assert codes(report) == ["HUB203"]
    fix = report.findings[0].fix
    assert fix is not None and fix.title.en.endswith("to use Hugging Face itself")


@pytest.mark.triggers("HUB204")
def test_a_foreign_address_with_a_token_is_hub204_and_gets_none(local: Machine) -> None:
    local.env(HF_FIRST)
    report = local.examine(HF_TOKEN=worlds.GOOD, QTUNE_TRUSTED_HOSTS="")
    assert codes(report) == ["HUB204"]
    assert report.patch == EnvPatch({"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"})
    assert local.hub.carrying(worlds.GOOD) == set()


@pytest.mark.triggers("HUB204", "GATE401")
def test_a_gated_model_behind_a_foreign_address_follows_from_hub204(local: Machine) -> None:
    local.env(HF_FIRST)
    report = local.examine(worlds.LLAMA, HF_TOKEN=worlds.GOOD, QTUNE_TRUSTED_HOSTS="")
    assert [(f.code, f.because) for f in report.findings[:2]] == [
        ("HUB204", None),
        ("GATE401", "HUB204"),
    ]
    assert local.hub.carrying(worlds.GOOD) == set()


@pytest.mark.triggers("HUB207")
@pytest.mark.slow
def test_a_hub_that_is_much_slower_is_hub207(tmp_path: Path) -> None:
    with at_loopback(tmp_path) as machine:
        machine.hub.change(repos=worlds.demo(1_500_000).repos)
        machine.env(HF_FIRST)
        machine.hub.fault(Fault(Kind.SLOW, origin="cdn", bytes_per_second=10_000))
        report = machine.examine(speed=True)
    finding = only(report, "HUB207")
    assert (finding.severity, finding.source) == (W, "huggingface")
    assert report.patch == EnvPatch({"USE_MODELSCOPE": "True"})
    assert any("each connection is throttled" in line.en for line in finding.evidence)


@pytest.mark.triggers("HUB207")
@pytest.mark.slow
def test_weights_that_do_not_come_are_hub207(local: Machine) -> None:
    local.env(HF_FIRST, ALONE)
    local.hub.fault(Fault(Kind.STALL, origin="cdn", method="GET"))
    report = local.examine(speed=True)
    assert (codes(report), report.findings[0].severity) == (["HUB207"], E)


@pytest.mark.triggers("HUB208")
def test_too_many_requests_are_hub208_with_the_time_to_wait(way: Machine) -> None:
    way.env(HF_FIRST)
    limit = {"RateLimit": '"resolvers";r=0;t=120', "Retry-After": "120"}
    way.hub.fault(Fault(Kind.STATUS, origin="hf", path="*resolve*", status=429, headers=limit))
    report = way.examine()
    finding = only(report, "HUB208")
    assert (finding.severity, "2 min" in finding.message.en) == (W, True)
    assert "当前 IP 的请求" in finding.message.zh
    assert finding.fix is not None and "too many requests" in finding.fix.title.en


@pytest.mark.triggers("HUB221")
def test_a_model_that_only_hugging_face_has_is_hub221_and_the_switch(way: Machine) -> None:
    report = way.examine(worlds.LLAMA, HF_TOKEN=worlds.GOOD)
    finding = only(report, "HUB221")
    assert (finding.severity, finding.source) == (W, "modelscope")
    assert {f.because for f in report.findings if f is not finding} <= {"HUB221"}
    assert report.patch == EnvPatch({"USE_MODELSCOPE": "False"})
    way.env(ALONE)
    report = way.examine(worlds.LLAMA)
    assert only(report, "HUB221").severity is E
    assert "LLM-Research" in only(report, "HUB221").evidence[0].en


# --- TOK ----------------------------------------------------------------------------------------------


@pytest.mark.triggers("TOK301", "TOK303")
@pytest.mark.parametrize(
    ("value", "words", "applicability"),
    [
        ("hf_your_token_here", "a placeholder", Applicability.SAFE),
        (worlds.MODELSCOPE, "a token of ModelScope", Applicability.UNSAFE),
        ("abcdefghijklmnop", "not shaped like a token", Applicability.UNSAFE),
    ],
)
def test_what_is_no_token_is_tok301_with_its_line_and_the_refusal_folded(
    way: Machine, value: str, words: str, applicability: Applicability
) -> None:
    way.env(HF_FIRST, ALONE, f"HF_TOKEN={value}")
    report = way.examine()
    assert [(f.code, f.severity, f.because) for f in report.findings] == [
        ("TOK301", E, None),
        ("TOK303", E, "TOK301"),
    ]
    first = report.findings[0]
    assert first.message.en.startswith("HF_TOKEN in .env line 3 is") and words in first.message.en
    assert first.fix is not None and first.fix.applicability is applicability
    assert set(blamed(report).values()) <= {"TOK301", None}


@pytest.mark.triggers("TOK302")
@pytest.mark.parametrize(
    ("value", "words", "sent"),
    [
        (f'"{worlds.GOOD}"', "has quotes", True),
        (f"{worlds.GOOD}\u200b", "cannot be seen", False),
        (f"Bearer {worlds.GOOD}", "Bearer", False),
    ],
)
def test_a_token_with_something_around_it_is_tok302(
    way: Machine, value: str, words: str, sent: bool
) -> None:
    way.env(HF_FIRST, ALONE)
    report = way.examine(HF_TOKEN=value)
    first = report.findings[0]
    assert (first.code, first.severity) == ("TOK302", E if sent else W)
    assert first.message.en.startswith("The environment variable HF_TOKEN ")
    assert words in first.message.en
    assert [f.because for f in report.findings[1:]] == ["TOK302"] * sent
    (identity,) = (c for c in report.checks if c.check == "identity.huggingface")
    assert sent or identity.reason == "the value cannot be sent as a token"


@pytest.mark.triggers("TOK303")
@pytest.mark.spares("TOK301")
def test_a_token_that_is_refused_is_tok303_with_its_place(way: Machine) -> None:
    way.env(HF_FIRST, ALONE, f"HF_TOKEN={worlds.UNKNOWN}")
    report = way.examine()
    assert codes(report) == ["TOK303"]
    finding = report.findings[0]
    assert finding.span is not None and finding.span.line == 3
    assert blamed(report)["listing.huggingface"] == "TOK303"


@pytest.mark.spares("TOK303")
def test_a_bad_token_of_a_hub_that_is_not_needed_is_nobodys_business(way: Machine) -> None:
    way.env(f"HF_TOKEN={worlds.UNKNOWN}")
    assert codes(way.examine()) == []


@pytest.mark.triggers("TOK306", "GATE405")
@pytest.mark.spares("GATE402")
def test_a_fine_grained_token_without_the_gated_permission_is_tok306(way: Machine) -> None:
    way.env(HF_FIRST, ALONE)
    report = way.examine(worlds.LLAMA, HF_TOKEN=worlds.FINE_GRAINED)
    assert [(f.code, f.because) for f in report.findings] == [
        ("TOK306", None),
        ("GATE405", "TOK306"),
    ]


@pytest.mark.triggers("GATE405")
@pytest.mark.spares("TOK306")
def test_without_whoami_the_hubs_own_words_are_gate405(way: Machine) -> None:
    way.env(HF_FIRST, ALONE)
    way.hub.fault(Fault(Kind.STATUS, origin="hf", path="/api/whoami-v2", status=500))
    report = way.examine(worlds.LLAMA, HF_TOKEN=worlds.FINE_GRAINED)
    assert codes(report) == ["GATE405"]


@pytest.mark.triggers("TOK306")
@pytest.mark.spares("TOK306")
def test_a_token_that_may_write_is_a_note_unless_it_is_needed(way: Machine) -> None:
    way.env(HF_FIRST, ALONE)
    report = way.examine(HF_TOKEN=worlds.WRITE)
    assert [(f.code, f.severity) for f in report.findings] == [("TOK306", I)]
    assert codes(way.examine(HF_TOKEN=worlds.WRITE, kind="push")) == []


@pytest.mark.triggers("TOK312")
def test_a_token_that_modelscope_refuses_is_tok312_and_no_obstacle_to_public_files(
    way: Machine,
) -> None:
    way.env(f"MODELSCOPE_API_TOKEN={worlds.MODELSCOPE_UNKNOWN}")
    report = way.examine()
    assert [(f.code, f.severity) for f in report.findings] == [("TOK312", W)]


# --- GATE ---------------------------------------------------------------------------------------------


@pytest.mark.triggers(
    "GATE400", "GATE401", "GATE402", "GATE403", "GATE404", "GATE406", "GATE407", "TOK300"
)
@pytest.mark.spares("HUB200", "GATE400", "GATE402", "GATE403", "GATE404", "GATE406", "GATE407")
@pytest.mark.parametrize(
    ("code", "token", "model"),
    [
        ("GATE400", worlds.GOOD, "nobody/nothing"),
        ("GATE400", "", "qwen/qwen3-4b"),
        ("GATE401", "", worlds.LLAMA),
        ("GATE402", worlds.NO_LICENCE, worlds.LLAMA),
        ("GATE403", worlds.PENDING, worlds.LLAMA),
        ("GATE404", worlds.REJECTED, worlds.LLAMA),
        ("GATE406", worlds.GOOD, worlds.REGIONAL),
        ("GATE407", "", worlds.DISABLED),
    ],
)
def test_each_refusal_has_its_code_and_blames_nothing_else(
    way: Machine, code: str, token: str, model: str
) -> None:
    way.env(HF_FIRST, ALONE)
    report = way.examine(model, HF_TOKEN=token)
    told = [(f.code, f.because) for f in report.findings if f.severity is not I]
    assert told == [(code, None)]
    assert blamed(report)["storage.huggingface"] == code
    notes = [(f.code, f.because) for f in report.findings if f.severity is I]
    assert notes == ([("TOK300", code)] if code in ("GATE400", "GATE401") and not token else [])


@pytest.mark.triggers("GATE408")
@pytest.mark.spares("GATE400")
def test_a_revision_that_is_not_there_is_gate408(way: Machine) -> None:
    way.env(HF_FIRST, ALONE)
    report = way.examine(revision="nope")
    assert codes(report) == ["GATE408"]
    assert "'nope'" in report.findings[0].message.en


@pytest.mark.triggers("GATE401")
@pytest.mark.spares("GATE401")
def test_a_token_that_stays_home_because_of_the_ca_is_told_with_the_reason(way: Machine) -> None:
    """A CA in the project's `.env` could belong to whoever wants the user's token."""
    ca = way.environ.pop("SSL_CERT_FILE")
    way.env(HF_FIRST, ALONE, f"SSL_CERT_FILE={ca}")
    report = way.examine(worlds.LLAMA, HF_TOKEN=worlds.GOOD)
    finding = only(report, "GATE401")
    assert "SSL_CERT_FILE (.env line 3)" in finding.message.en
    assert finding.fix is not None and finding.fix.command == f"export SSL_CERT_FILE={ca}"
    assert way.hub.carrying(worlds.GOOD) == set()
    trusted = way.examine(worlds.LLAMA, HF_TOKEN=worlds.GOOD, SSL_CERT_FILE=ca)
    assert "GATE401" not in codes(trusted)


# --- the machine and `.env` ---------------------------------------------------------------------------


@pytest.mark.triggers("DSK602")
def test_a_cache_that_cannot_be_written_is_dsk602(way: Machine) -> None:
    way.env(HF_FIRST, ALONE)
    (way.project / "file").write_text("in the way")
    report = way.examine(HF_HUB_CACHE=str(way.project / "file" / "hub"))
    assert [(f.code, f.severity) for f in report.findings] == [("DSK602", E)]


@pytest.mark.spares("DSK600", "DSK602")
def test_a_model_that_is_here_already_needs_no_room(way: Machine) -> None:
    way.env(HF_FIRST, ALONE)
    (repo,) = (r for r in way.hub.world.repos if r.id == worlds.QWEN)
    cache = way.project / "file" / "hub"
    blobs = cache / "models--Qwen--Qwen3-4B" / "blobs"
    blobs.mkdir(parents=True)
    for entry in repo.entries.values():
        (blobs / entry.etag).write_bytes(entry.data)
    cache.chmod(0o500)
    try:
        assert codes(way.examine(HF_HUB_CACHE=str(cache))) == []
    finally:
        cache.chmod(0o700)


@pytest.mark.triggers("PKG701")
def test_a_transformers_that_does_not_know_the_model_is_pkg701(
    way: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    way.env(HF_FIRST, ALONE)
    site = way.project / "site"
    metadata = site / "transformers-4.50.3.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: transformers\nVersion: 4.50.3\n")
    monkeypatch.syspath_prepend(str(site))
    report = way.examine(kind="train", skip=("torch", "accelerator"))
    finding = only(report, "PKG701")
    # qtune's own requirement of a newer transformers is the cause, and is told first.
    assert (finding.severity, finding.because) == (E, "PKG702")
    assert "qwen3" in finding.message.en and "4.51" in finding.message.en


@pytest.mark.spares("PKG701")
def test_a_type_without_a_row_is_not_judged(way: Machine) -> None:
    way.env(HF_FIRST, ALONE)
    way.hub.change(repos=[Repo(worlds.QWEN, {"config.json": b'{"model_type": "brand_new"}'})])
    report = way.examine(kind="train", skip=("torch", "accelerator"))
    assert not any("brand_new" in f.message.en for f in report.findings)


@pytest.mark.triggers("ENV800", "ENV801", "ENV804", "ENV805", "ENV810")
@pytest.mark.spares("ENV800", "ENV801", "ENV804", "ENV805", "ENV810")
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("HF_HOME: /data", "nonsense"), ["ENV800", "ENV800"]),
        (("QTUNE_LANG=en", "QTUNE_LANG=zh"), ["ENV801"]),
        (("HF_TOKKEN=x",), ["ENV804"]),
        (("HUGGINGFACE_TOKEN=x",), ["ENV804"]),
        (("QTUNE_CONNECTIONS=many",), ["ENV805"]),
        (("QTUNE_DEVICE=CUDA",), ["ENV805"]),
        (("HF_HOME=${NOT_SET}/x",), ["ENV810"]),
        (("# HF_TOKKEN=x", "OTHER=1", "EMPTY="), []),
        (("export QTUNE_LANG = en  # not QTUNE_LANG=zh",), []),
        (("QTUNE_CONNECTIONS=8", "QTUNE_DEVICE=cuda"), []),
        (("DATA=/data", "HF_HOME=${DATA}/x", "OTHER='${NOT_SET}'"), []),
    ],
)
def test_each_slip_in_env_has_its_code(
    way: Machine, lines: tuple[str, ...], expected: list[str]
) -> None:
    way.env(*lines)
    assert codes(way.examine(only=("env",))) == expected


@pytest.mark.triggers("ENV802")
def test_env_in_utf_16_is_env802_and_still_read(way: Machine) -> None:
    (way.project / ".env").write_bytes(f"{HF_FIRST}\n".encode("utf-16"))
    report = way.examine(only=("env",))
    assert codes(report) == ["ENV802"]
    assert report.facts.setting("USE_MODELSCOPE").value == "False"


@pytest.mark.triggers("ENV806", "ENV807")
@pytest.mark.spares("ENV806", "ENV807")
def test_a_secret_that_others_can_read_or_git_would_take_is_env806_and_env807(
    way: Machine,
) -> None:
    way.env(f"HF_TOKEN={worlds.GOOD}", mode=0o644)
    subprocess.run(["git", "init", "-q", str(way.project)], check=True)
    assert codes(way.examine(only=("env",))) == ["ENV806", "ENV807"]
    (way.project / ".gitignore").write_text(".env\n")
    assert codes(way.examine(only=("env",))) == ["ENV806"]
    way.env(f"HF_TOKEN={worlds.GOOD}")
    assert codes(way.examine(only=("env",))) == []


@pytest.mark.triggers("ENV808")
@pytest.mark.spares("ENV808")
def test_a_line_that_the_environment_overrides_is_env808(way: Machine) -> None:
    way.env("USE_MODELSCOPE=True")
    report = way.examine(only=("env",), USE_MODELSCOPE="False")
    assert codes(report) == ["ENV808"]
    assert codes(way.examine(only=("env",), USE_MODELSCOPE="True")) == []

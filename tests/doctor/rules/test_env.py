"""The rules about `.env` itself, each with facts that trigger it and facts that nearly do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from qtune.core.envfile import parse
from qtune.core.origin import Level, Origin
from qtune.core.settings import problem_of, resolve
from qtune.core.slips import distance
from qtune.core.table import BY_KEY, TABLE
from qtune.core.text import Text
from qtune.doctor.context import Context
from qtune.doctor.facts import EnvFile, Facts, Known, ShadowedSetting, UnparsedLine
from qtune.doctor.finding import Applicability, Edit, Severity, Span
from qtune.doctor.probes.envfile import probe
from qtune.doctor.rules.env import (
    RULES,
    env800,
    env801,
    env802,
    env804,
    env805,
    env806,
    env807,
    env808,
    env810,
)
from qtune.doctor.rules.env.near import LEGACY, meant
from tests.doctor.build import ENV, env_line, environ, healthy, with_setting
from tests.doctor.rules.judging import (
    entry,
    findings,
    only,
    token,
    with_entries,
    with_tokens,
)
from tests.doctor.rules.pages import complaints

PATH = str(ENV)


def test_a_healthy_machine_has_no_finding() -> None:
    for rule in RULES:
        assert findings(rule, healthy()) == []


@pytest.mark.parametrize("code", [rule.code for rule in RULES])
def test_the_page_is_whole_in_both_languages(code: str) -> None:
    assert complaints(next(rule for rule in RULES if rule.code == code)) == []


# --- ENV800


def unparsed(line: UnparsedLine) -> Facts:
    return with_entries(healthy(), unparsed=(line,))


@pytest.mark.parametrize(
    ("reason", "en", "zh"),
    [
        ("no_equals", "has no = sign", "没有等号"),
        ("bad_key", "a name that no variable can have", "不能作为变量名"),
        ("open_quote", "never closed", "没有闭合"),
        ("after_quote", "behind the closing quote", "右引号之后"),
        ("nul", "NUL", "NUL"),
    ],
)
def test_an_unreadable_line_is_named_with_its_reason(reason: str, en: str, zh: str) -> None:
    finding = only(env800.RULE, unparsed(UnparsedLine(4, reason)))
    assert finding.message.en.startswith(".env line 4") and en in finding.message.en
    assert finding.message.zh.startswith(".env 第 4 行") and zh in finding.message.zh
    assert (finding.severity, finding.span) == (Severity.WARNING, Span(PATH, 4, 1, 4, 1))
    assert finding.fix is not None and finding.fix.applicability is Applicability.MANUAL


@pytest.mark.parametrize("reason", ["undecodable", "too_large"])
def test_a_file_that_is_ignored_as_a_whole_is_an_error(reason: str) -> None:
    assert only(env800.RULE, unparsed(UnparsedLine(1, reason))).severity is Severity.ERROR


def read(text: str) -> UnparsedLine:
    """The line as the probe hands it on."""
    settings = resolve(project=parse(text, Path("/nowhere/.env")))
    with httpx.Client() as client:
        context = Context(settings, healthy().goal, (), client, {}, Path("/nowhere"))
        (line,) = probe(context, healthy()).value.unparsed
    return line


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        ("USE_MODELSCOPE: False", "USE_MODELSCOPE=False"),
        ("  HF_TOKEN :  'hf_secret'", "  HF_TOKEN='hf_secret'"),
        ("export HF_ENDPOINT: https://hub.example/x", "export HF_ENDPOINT=https://hub.example/x"),
    ],
)
def test_a_line_as_in_yaml_gets_its_equals_sign_without_its_value_being_known(
    text: str, edited: str
) -> None:
    finding = only(env800.RULE, unparsed(read(text)))
    assert finding.fix is not None
    assert finding.fix.applicability is Applicability.SAFE
    (edit,) = finding.fix.edits
    assert text[: edit.span.column - 1] + edit.text + text[edit.span.end_column - 1 :] == edited


@pytest.mark.parametrize("text", ["see https://example.org", "https://example.org", "just words"])
def test_other_text_with_a_colon_is_not_taken_for_yaml(text: str) -> None:
    finding = only(env800.RULE, unparsed(read(text)))
    assert finding.fix is not None and finding.fix.edits == ()


def test_a_yaml_line_beside_the_real_setting_is_not_changed_unasked() -> None:
    facts = with_entries(
        healthy(), entry("USE_MODELSCOPE", "True", 2), unparsed=(read("USE_MODELSCOPE: False"),)
    )
    finding = only(env800.RULE, facts)
    assert finding.fix is not None and finding.fix.applicability is Applicability.UNSAFE


# --- ENV801


def test_of_a_setting_that_stands_twice_the_last_counts_and_the_earlier_can_go() -> None:
    facts = with_entries(
        healthy(), entry("USE_MODELSCOPE", "False", 2), entry("USE_MODELSCOPE", "True", 5)
    )
    finding = only(env801.RULE, facts)
    assert "line 5 counts, line 2 does not" in finding.message.en
    assert "第 5 行生效，第 2 行无效" in finding.message.zh
    assert [text.en for text in finding.evidence] == [
        "line 2: USE_MODELSCOPE=False",
        "line 5: USE_MODELSCOPE=True",
    ]
    assert finding.span == Span(PATH, 2, 1, 2, 21)
    assert finding.fix is not None
    assert finding.fix.edits == (Edit(Span(PATH, 2, 1, 3, 1), ""),)
    assert finding.fix.applicability is Applicability.SAFE


def test_an_earlier_token_is_not_thrown_away_unasked() -> None:
    facts = with_entries(
        healthy(), entry("HF_TOKEN", "hf_…abcd", 1), entry("HF_TOKEN", "hf_…wxyz", 3)
    )
    finding = only(env801.RULE, facts)
    assert finding.fix is not None
    assert finding.fix.applicability is Applicability.UNSAFE
    assert finding.fix.patch is None


def test_other_programs_duplicates_are_only_a_note() -> None:
    facts = with_entries(healthy(), entry("OTHER", line=1), entry("OTHER", line=2))
    assert only(env801.RULE, facts).severity is Severity.INFO


def test_two_different_settings_are_no_duplicates() -> None:
    facts = with_entries(healthy(), entry("HTTP_PROXY", "x", 1), entry("HTTPS_PROXY", "x", 2))
    assert findings(env801.RULE, facts) == []


# --- ENV802


@pytest.mark.parametrize(
    ("encoding", "severity"),
    [
        ("utf-16-le", Severity.WARNING),
        ("utf-16-be", Severity.WARNING),
        ("utf-8-sig", Severity.INFO),
    ],
)
def test_an_encoding_that_others_cannot_read_is_written_again(
    encoding: str, severity: Severity
) -> None:
    finding = only(env802.RULE, with_entries(healthy(), encoding=encoding))
    assert finding.severity is severity
    assert finding.fix is not None
    assert (finding.fix.reencode, finding.fix.applicability) == (PATH, Applicability.SAFE)


# --- ENV804


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("HF_TOKKEN", "HF_TOKEN"),
        ("HF_TOEKN", "HF_TOKEN"),
        ("hf_token", "HF_TOKEN"),
        ("HF-TOKEN", "HF_TOKEN"),
        ("USE_MODELSCOP", "USE_MODELSCOPE"),
        ("USE_MODLESCOPE", "USE_MODELSCOPE"),
        ("HF_ENDPIONT", "HF_ENDPOINT"),
        ("QTUNE_SOURCE", "QTUNE_SOURCES"),
        ("QTUNE_MIRROR_LIST", "QTUNE_MIRRORS"),
    ],
)
def test_a_slip_of_the_pen_is_renamed(written: str, right: str) -> None:
    finding = only(env804.RULE, with_entries(healthy(), entry(written, "x", 3)))
    assert f"did you mean {right}?" in finding.message.en
    assert f"是不是 {right}？" in finding.message.zh
    span = Span(PATH, 3, 1, 3, 1 + len(written))
    assert finding.span == span
    assert finding.fix is not None
    assert finding.fix.edits == (Edit(span, right),)
    assert finding.fix.applicability is Applicability.SAFE


@pytest.mark.parametrize(
    "key",
    ["GH_TOKEN", "TF_TOKEN", "FTP_PROXY", "OPENAI_API_KEY", "HF_HUB_DISABLE_TELEMETRY", "DEFAULT_MODE",
     "NCCL_IB_DISABLE", "NCCL_SHM_DISABLE", "HF_DATASETS_CACHE", "PYTORCH_CUDA_ALLOC_CONF",
     "HIP_VISIBLE_DEVICES", "SSL_CERT_DIR", "DATABASE_URL", "HF_ASSETS_CACHE", "MODELSCOPE_LOG_LEVEL",
     "TRANSFORMERS_CACHE", "HF_HOST", "MODELSCOPE_HOME"],
)  # fmt: skip
def test_other_programs_keys_are_left_alone(key: str) -> None:
    assert findings(env804.RULE, with_entries(healthy(), entry(key, "x"))) == []


def test_no_setting_of_ours_and_none_of_its_other_spellings_is_a_slip() -> None:
    for row in TABLE:
        assert [meant(name) for name in (row.key, *row.aliases)] == [None] * (1 + len(row.aliases))


def test_where_the_right_name_is_set_too_nothing_is_renamed() -> None:
    facts = with_entries(healthy(), entry("HF_TOKKEN", "x", 1), entry("HF_TOKEN", "x", 2))
    finding = only(env804.RULE, facts)
    assert finding.fix is not None
    assert (finding.fix.edits, finding.fix.applicability) == ((), Applicability.MANUAL)


@pytest.mark.parametrize("key", LEGACY)
def test_an_old_name_is_explained_and_not_renamed_unasked(key: str) -> None:
    finding = only(env804.RULE, with_entries(healthy(), entry(key, "x")))
    assert "read neither by huggingface_hub nor by qtune" in finding.message.en
    assert "HF_TOKEN" in finding.message.zh
    assert finding.fix is not None and finding.fix.applicability is Applicability.UNSAFE


@pytest.mark.parametrize(
    ("key", "reader", "ours"),
    [
        ("USE_HF", "ms-swift", "USE_MODELSCOPE=False"),
        ("USE_MODELSCOPE_HUB", "LLaMA-Factory", "USE_MODELSCOPE=True"),
        ("UNSLOTH_USE_MODELSCOPE", "unsloth", "USE_MODELSCOPE=True"),
        ("VLLM_USE_MODELSCOPE", "vLLM", "USE_MODELSCOPE=True"),
    ],
)
def test_another_trainers_switch_is_explained_until_ours_is_set(
    key: str, reader: str, ours: str
) -> None:
    facts = with_entries(healthy(), entry(key, line=2, empty=False))
    finding = only(env804.RULE, facts)
    assert finding.severity is Severity.INFO
    assert reader in finding.message.en and ours in finding.message.zh
    chosen = with_setting(facts, "USE_MODELSCOPE", "False", env_line("USE_MODELSCOPE"))
    assert findings(env804.RULE, chosen) == []


def test_an_unknown_name_of_ours_without_a_neighbour_is_still_told() -> None:
    finding = only(env804.RULE, with_entries(healthy(), entry("QTUNE_XYZZY", "x")))
    assert "did you mean" not in finding.message.en and finding.fix is None


@pytest.mark.parametrize(
    ("left", "right", "steps"),
    [
        ("", "", 0),
        ("abc", "abc", 0),
        ("abc", "acb", 1),
        ("abc", "ab", 1),
        ("abc", "abcd", 1),
        ("abc", "xbc", 1),
        ("abcd", "badc", 2),
        ("abcdef", "abc", 3),
    ],
)
def test_the_distance_counts_a_swap_once(left: str, right: str, steps: int) -> None:
    assert distance(left, right) == distance(right, left) == steps


# --- ENV805


def unusable(key: str, value: str, origin: Origin | None = None) -> Facts:
    problem = problem_of(BY_KEY[key], value)
    assert problem is not None
    return with_setting(healthy(), key, value, origin or env_line(key, 3), problem=problem)


@pytest.mark.parametrize(
    ("key", "written", "meant_value", "applicability"),
    [
        ("USE_MODELSCOPE", "Ture", "True", Applicability.UNSAFE),
        ("USE_MODELSCOPE", "flase", "False", Applicability.UNSAFE),
        ("USE_MODELSCOPE", "enabled", "True", Applicability.SAFE),
        ("USE_MODELSCOPE", "否", "False", Applicability.SAFE),
        ("USE_MODELSCOPE", "“True”", "True", Applicability.SAFE),
        ("QTUNE_DTYPE", "BFloat16", "bfloat16", Applicability.SAFE),
        ("QTUNE_DTYPE", "bfloat", "bfloat16", Applicability.UNSAFE),
        ("HF_HUB_DOWNLOAD_TIMEOUT", "60s", "60", Applicability.UNSAFE),
        ("HF_HUB_DOWNLOAD_TIMEOUT", "60.0", "60", Applicability.UNSAFE),
    ],
)
def test_an_unusable_value_gets_the_one_that_was_meant(
    key: str, written: str, meant_value: str, applicability: Applicability
) -> None:
    finding = only(env805.RULE, unusable(key, written))
    assert finding.message.en.startswith(f"{key} (.env line 3): ")
    assert finding.message.zh.startswith(f"{key}（.env 第 3 行）：")
    assert (finding.severity, finding.span) == (Severity.ERROR, Span(PATH, 3, 1, 3, 1))
    assert finding.fix is not None and finding.fix.patch is not None
    assert dict(finding.fix.patch.set) == {key: meant_value}
    assert problem_of(BY_KEY[key], meant_value) is None
    assert finding.fix.applicability is applicability


@pytest.mark.parametrize(
    ("key", "written"),
    [("USE_MODELSCOPE", "maybe"), ("HF_HUB_DOWNLOAD_TIMEOUT", "0"), ("QTUNE_DEVICE", "tpu")],
)
def test_a_value_that_means_nothing_gets_an_example_instead_of_a_guess(
    key: str, written: str
) -> None:
    finding = only(env805.RULE, unusable(key, written, environ(key)))
    assert f"the environment variable {key}" in finding.message.en
    assert finding.span is None
    assert finding.fix is not None
    assert (finding.fix.patch, finding.fix.applicability) == (None, Applicability.MANUAL)


def test_a_hubs_address_is_left_to_the_rule_about_addresses() -> None:
    assert findings(env805.RULE, unusable("HF_ENDPOINT", "hf-mirror.com")) == []


# --- ENV806, ENV807


def secret_file(**changes: object) -> Facts:
    return with_entries(healthy(), entry("HF_TOKEN", "hf_…wxyz", 2), **changes)


def test_a_secret_that_others_can_read_is_closed_to_them() -> None:
    finding = only(env806.RULE, secret_file(mode=0o644))
    assert "HF_TOKEN (line 2)" in finding.message.en and "0644" in finding.message.zh
    assert finding.fix is not None
    assert finding.fix.chmod == (PATH, 0o600)
    assert finding.fix.applicability is Applicability.SAFE


@pytest.mark.parametrize("mode", [0o600, 0o400, None])
def test_a_file_of_ones_own_is_closed_enough(mode: int | None) -> None:
    assert findings(env806.RULE, secret_file(mode=mode)) == []


def test_a_file_without_secrets_may_be_read_and_tracked_by_anybody() -> None:
    facts = with_entries(healthy(), entry("USE_MODELSCOPE", "True"), mode=0o644, git="tracked")
    assert findings(env806.RULE, facts) == findings(env807.RULE, facts) == []


def test_a_secret_that_git_would_take_is_ignored() -> None:
    finding = only(env807.RULE, secret_file(git="untracked"))
    assert finding.severity is Severity.WARNING
    assert finding.span == Span(PATH, 2, 1, 2, 18)
    assert finding.fix is not None
    assert finding.fix.gitignore == ("/project/.gitignore", ".env")
    assert finding.fix.applicability is Applicability.SAFE


def test_a_secret_that_git_has_taken_is_an_error_to_be_undone_by_hand() -> None:
    finding = only(env807.RULE, secret_file(git="tracked"))
    assert finding.severity is Severity.ERROR
    assert finding.fix is not None
    assert finding.fix.command == "git rm --cached .env"
    assert finding.fix.applicability is Applicability.MANUAL


@pytest.mark.parametrize("git", ["ignored", "no_repository", "unknown"])
def test_where_git_does_no_harm_nothing_is_said(git: str) -> None:
    assert findings(env807.RULE, secret_file(git=git)) == []


# --- ENV808


def shadowed(key: str, hidden: str, winner: Origin, same: bool = False) -> Facts:
    facts = with_setting(healthy(), key, "https://hf-mirror.com", winner)
    lost = ShadowedSetting(key, hidden, env_line(key, 4), winner, same)
    return replace(facts, shadowed=(lost,))


def test_a_line_that_the_environment_overrides_is_told_with_both_values() -> None:
    facts = shadowed("HF_ENDPOINT", "https://huggingface.co", environ("HF_ENDPOINT"))
    finding = only(env808.RULE, facts)
    assert finding.message.en == (
        "HF_ENDPOINT in .env line 4 has no effect: the environment variable HF_ENDPOINT overrides it"
    )
    assert finding.message.zh == ".env 第 4 行的 HF_ENDPOINT 不起作用：被环境变量 HF_ENDPOINT 覆盖"
    assert [text.en for text in finding.evidence] == [
        "counts: HF_ENDPOINT=https://hf-mirror.com, from the environment variable HF_ENDPOINT",
        "does not: HF_ENDPOINT=https://huggingface.co, in .env line 4",
    ]
    assert finding.span == Span(PATH, 4, 1, 4, 1)
    assert finding.fix is not None
    assert finding.fix.command == "unset HF_ENDPOINT"
    assert finding.fix.applicability is Applicability.MANUAL


@pytest.mark.parametrize(
    ("winner", "same"),
    [(environ("HF_ENDPOINT"), True), (Origin(Level.FLAG, "--hf-endpoint"), False)],
)
def test_an_equal_value_or_an_option_is_no_surprise(winner: Origin, same: bool) -> None:
    facts = shadowed("HF_ENDPOINT", "https://huggingface.co", winner, same)
    assert findings(env808.RULE, facts) == []


def test_different_tokens_are_left_to_their_own_rule() -> None:
    facts = shadowed("HF_TOKEN", "hf_…wxyz", environ("HF_TOKEN"))
    assert only(env808.RULE, facts).code == "ENV808"
    both = with_tokens(facts, token(environ("HF_TOKEN")), token(fingerprint="bbbb"))
    assert findings(env808.RULE, both) == []


# --- ENV810


def test_a_reference_that_was_not_filled_is_named() -> None:
    line = entry("HF_HOME", "${DATA}/hf", 6, unexpanded=("DATA", "DATA"))
    finding = only(env810.RULE, with_entries(healthy(), line))
    assert "HF_HOME (.env line 6): ${DATA} is not filled in" in finding.message.en
    assert "${DATA} 没有被替换" in finding.message.zh
    assert finding.span == Span(PATH, 6, 1, 6, 19)
    assert finding.fix is not None and finding.fix.applicability is Applicability.MANUAL


def test_a_line_that_refers_to_itself_can_go() -> None:
    line = entry("HF_TOKEN", "…", 2, unexpanded=("HF_TOKEN",))
    finding = only(env810.RULE, with_entries(healthy(), line))
    assert finding.fix is not None and finding.fix.patch is not None
    assert finding.fix.patch.unset == {"HF_TOKEN"}
    assert finding.fix.applicability is Applicability.SAFE


def test_other_programs_references_are_theirs() -> None:
    assert findings(env810.RULE, with_entries(healthy(), entry("OTHER", unexpanded=("X",)))) == []


def test_rules_about_env_say_nothing_where_there_is_no_file() -> None:
    absent = healthy(envfile=Known(EnvFile(PATH, False, "utf-8", None, "no_repository")))
    assert [finding for rule in RULES for finding in findings(rule, absent)] == []


def test_a_file_of_another_name_is_called_by_it() -> None:
    entries = (
        entry("HF_TOKEN", "hf_…wxyz", 1),
        entry("HF_TOKEN", "hf_…wxyz", 2, unexpanded=("X",)),
        entry("HF_TOKKEN", "x", 3),
        entry("HF_API_TOKEN", "x", 4),
        entry("USE_HF", "1", 5),
    )
    facts = with_entries(
        healthy(),
        *entries,
        path="/project/prod.env",
        encoding="utf-16-le",
        mode=0o644,
        git="tracked",
        unparsed=(UnparsedLine(6, "no_equals"), UnparsedLine(7, "too_large")),
    )
    told = [finding for rule in RULES for finding in findings(rule, facts)]
    assert {finding.code for finding in told} == {
        *("ENV800", "ENV801", "ENV802", "ENV804", "ENV806", "ENV807", "ENV810")
    }
    for finding in told:
        assert "prod.env" in finding.message.en and "prod.env" in finding.message.zh


def test_the_page_of_every_code_has_a_title_of_its_own() -> None:
    titles: list[Text] = [rule.title for rule in RULES]
    assert len({title.en for title in titles}) == len({title.zh for title in titles}) == len(RULES)

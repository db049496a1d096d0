"""The rule about disk space, with facts that trigger it and facts that nearly do."""

from __future__ import annotations

from dataclasses import replace

from qtune.doctor.facts import Disk, Facts, Known, Place, Unknown
from qtune.doctor.finding import Applicability, Severity
from qtune.doctor.rules.dsk import RULES, dsk600, dsk602
from tests.doctor.build import env_line, healthy, with_setting
from tests.doctor.rules.judging import findings, only
from tests.doctor.rules.pages import complaints
from tests.doctor.rules.roads import missing, told

OTHER_DISK = Place("/data/runs", 500 * 10**9, True, 2)


def disk(free: int, output: Place | None = OTHER_DISK, **changes: object) -> Facts:
    """`free` bytes for the cache; 8 GB are to be downloaded."""
    cache = replace(Place("/cache/hub", free, True, 1), **changes)  # type: ignore[arg-type]
    return healthy(disk=Known(Disk(cache, output)))


def test_the_page_is_whole_in_both_languages() -> None:
    assert [complaints(rule) for rule in RULES if complaints(rule)] == []


def test_a_healthy_machine_has_no_finding() -> None:
    assert findings(dsk600.RULE, healthy()) == []


def test_what_does_not_fit_is_told_with_both_numbers() -> None:
    finding = only(dsk600.RULE, disk(3_000_000_000))
    assert finding.severity is Severity.ERROR
    for text in (finding.message.en, finding.message.zh):
        assert "8.0 GB" in text and "3.0 GB" in text and "/cache/hub" in text
    assert finding.fix is not None and finding.fix.applicability is Applicability.MANUAL
    assert "HF_HOME" in finding.fix.title.en


def test_what_just_fits_is_a_warning() -> None:
    assert only(dsk600.RULE, disk(8_100_000_000)).severity is Severity.WARNING


def test_what_fits_with_something_to_spare_is_fine() -> None:
    assert findings(dsk600.RULE, disk(8_500_000_000)) == []


def test_checkpoints_on_the_same_disk_are_reckoned_with() -> None:
    same = replace(OTHER_DISK, device=1, free=9_000_000_000)
    finding = only(dsk600.RULE, disk(9_000_000_000, same))
    assert finding.severity is Severity.WARNING and "checkpoints" in told(finding)
    facts = disk(9_000_000_000, same)
    download = replace(facts, goal=replace(facts.goal, kind="download"))
    assert findings(dsk600.RULE, download) == []


def test_what_is_cached_already_needs_no_room() -> None:
    facts = disk(3_000_000_000)
    listing = facts.listing["modelscope"]
    assert isinstance(listing, Known)
    cached = Known(replace(listing.value, cached_bytes=7_000_000_000))
    assert (
        findings(dsk600.RULE, replace(facts, listing={**facts.listing, "modelscope": cached})) == []
    )


def test_a_cache_that_cannot_be_written_to_is_an_error_even_without_a_listing() -> None:
    facts = disk(500 * 10**9, writable=False, error="Permission denied")
    finding = only(dsk602.RULE, replace(facts, listing={}))
    assert finding.severity is Severity.ERROR
    assert findings(dsk600.RULE, facts) == []
    assert "/cache/hub" in finding.message.en and "Permission denied" in told(finding)
    assert finding.fix is not None and "HF_HOME" in finding.fix.title.en


def test_a_full_disk_is_not_a_matter_of_permissions() -> None:
    for free, error in ((0, "No space left on device"), (10**9, "Disk quota exceeded")):
        facts = disk(free, writable=False, error=error)
        fix = only(dsk600.RULE, facts).fix
        assert fix is not None and "Free some space" in fix.title.en and "HF_HOME" in fix.title.en
        assert findings(dsk602.RULE, facts) == []


def test_what_belongs_to_somebody_else_can_be_taken_over() -> None:
    facts = disk(10**9, writable=False, error="Permission denied", owner="root")
    finding = only(dsk602.RULE, facts)
    assert "belongs to root" in finding.message.en and "root" in finding.message.zh
    assert finding.fix is not None and "chown" in finding.fix.command


def test_a_whole_model_in_a_read_only_cache_is_fine() -> None:
    facts = disk(0, writable=False, error="Read-only file system")
    assert findings(dsk600.RULE, missing(facts, 0)) == []
    assert findings(dsk602.RULE, missing(facts, 0)) == []


def test_offline_nothing_is_written_to_the_cache() -> None:
    facts = disk(0, writable=False, error="Read-only file system")
    facts = with_setting(facts, "HF_HUB_OFFLINE", "1", env_line("HF_HUB_OFFLINE"))
    assert findings(dsk600.RULE, facts) == []


def test_an_output_folder_that_cannot_be_written_to_is_an_error() -> None:
    finding = only(dsk602.RULE, disk(500 * 10**9, replace(OTHER_DISK, writable=False)))
    assert finding.severity is Severity.ERROR
    assert "/data/runs" in finding.message.en and "/data/runs" in finding.message.zh
    assert finding.fix is not None and "QTUNE_OUTPUT_DIR" in finding.fix.title.en


def test_an_output_disk_without_room_for_checkpoints_is_a_warning() -> None:
    finding = only(dsk600.RULE, disk(500 * 10**9, replace(OTHER_DISK, free=10**9)))
    assert finding.severity is Severity.WARNING and "1.0 GB" in finding.message.en


def test_a_disk_that_nobody_looked_at_is_not_judged() -> None:
    assert findings(dsk600.RULE, healthy(disk=Unknown("timeout"))) == []

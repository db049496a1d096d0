"""A token that is being typed leaves nothing behind: no memory, and no word that is masked ever after."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

from qtune.core import secret
from qtune.core.secret import redact
from qtune.doctor.documents.check import check
from qtune.doctor.documents.complete import complete
from qtune.doctor.documents.hints import hints
from qtune.doctor.documents.hover import hover
from qtune.doctor.documents.links import links
from qtune.doctor.documents.things import things
from qtune.doctor.documents.world import World

ENV = Path("/project/.env")
TYPED = (
    "HF_TOKEN=hf_warning and the model of the user, typed letter by letter without an end in sight"
)
WORDS = "hf_warning: the model of the user"


def type_a_token(times: int) -> None:
    for number in range(times):
        check(TYPED[: 10 + number % (len(TYPED) - 9)] + "\n", ENV)


def test_after_a_thousand_keystrokes_every_word_is_what_it_was() -> None:
    before = dict(secret._met)
    type_a_token(1000)
    assert secret._met == before
    assert redact(WORDS) == WORDS


def test_what_is_shown_beside_the_text_leaves_nothing_behind_either() -> None:
    before = dict(secret._met)
    world = World(
        {"HF_TOKEN": "hf_of_the_process_itself", "HTTPS_PROXY": "http://a:bcdefg@proxy:1"}
    )
    for end in range(10, len(TYPED)):
        text = TYPED[:end] + "\n"
        hover(text, ENV, 1, 12, world, "en")
        complete(text, ENV, 1, end, world, "en")
        hints(text, ENV, world, "en")
        links(text, ENV, world)
        things(text, ENV)
    assert secret._met == before


def test_a_thousand_keystrokes_take_no_memory() -> None:
    type_a_token(200)  # what is imported and remembered once
    tracemalloc.start()
    type_a_token(100)
    gc.collect()
    early = tracemalloc.get_traced_memory()[0]
    type_a_token(1000)
    gc.collect()
    late = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert late - early < 100_000


def test_what_check_says_shows_no_secret_of_the_text_afterwards() -> None:
    token = "tok-" + "Qq7" * 9
    text = f"HF_TOKEN={token}\nHF_ENDPOINT=htp://{token}.example\nQTUNE_DEVICE={token}\n"
    found = check(text, ENV).findings
    assert {"HUB203", "ENV805"} <= {finding.code for finding in found}
    for finding in found:
        words = [finding.message, *finding.evidence, *([finding.fix.title] if finding.fix else [])]
        assert not any(token in word.en + word.zh for word in words)


def test_a_command_keeps_what_it_met_in_all_its_files() -> None:
    token = "tok-" + "Qq7" * 9
    with secret.scope(keep=True):
        check(f"HF_TOKEN={token}\n", ENV)
        other = check(f"QTUNE_DEVICE={token}\n", Path("/project/prod.env")).findings
        assert other and token not in other[0].message.en
    assert redact(token) != token

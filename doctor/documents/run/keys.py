"""The fields of the libraries in a run config: where a key belongs, its words, its defaults, and why qtune owns some."""

from __future__ import annotations

from typing import Literal

from qtune.core import runfields, runwords
from qtune.core.rundefaults import DPO, LORA, PREFERENCE, TRAINING, VARIANTS, Default
from qtune.core.runfields import Closed
from qtune.core.runschema import NAMES, Field, schema
from qtune.core.text import Text
from qtune.doctor.documents.run.ownkeys import KEYS

Section = Literal["lora", "training", "preference"]
SECTIONS: tuple[Section, ...] = ("lora", "training", "preference")
LIBRARY = {
    "lora": ("LoraConfig", "https://huggingface.co/docs/peft/package_reference/lora"),
    "training": (
        "TrainingArguments",
        "https://huggingface.co/docs/transformers/main_classes/trainer",
    ),
    "preference": (
        "DPOConfig / KTOConfig / RewardConfig",
        "https://huggingface.co/docs/trl/dpo_trainer",
    ),
}
_OURS = {"lora": LORA, "training": TRAINING, "preference": {**PREFERENCE, **DPO}}


def field_of(path: str) -> tuple[Section, str, Field | None] | None:
    """Section, name and field of a dotted key such as lora.r; None where it is of no section."""
    section, dot, name = path.partition(".")
    for known in SECTIONS:
        if section == known and dot and "." not in name:
            return known, name, schema(known).fields.get(name)
    return None


def default_of(section: str, name: str) -> Default | None:
    """qtune's own default of a field, which goes before the library's."""
    return _OURS.get(section, {}).get(name)


def variants_of(section: str, name: str) -> tuple[tuple[Text, Default], ...]:
    """Where that default is another one: when, and which."""
    if section != "training":
        return ()
    return tuple((when, table[name]) for when, table in VARIANTS if name in table)


def closed(section: Section, name: str) -> Closed | None:
    return runfields.CLOSED[section].get(name)


def choices_of(path: str) -> tuple[str, ...]:
    """The words that may stand behind a key; () where they cannot be listed."""
    if path in KEYS:
        return KEYS[path].choices
    section, name, field = field_of(path) or (None, "", None)
    if field is None or section is None:
        return ()
    refused = {word for of, key, word in runwords.REFUSED_WORDS if (of, key) == (section, name)}
    words = tuple(word for word in field.choices if word not in refused)
    if name == "init_lora_weights":
        words = runwords.PLAIN_INIT
    if (section, name) in runwords.AUTO:
        words = (*words, "auto")
    if section == "preference" and name == "loss_type":
        words = tuple(
            word for (_, key), all_ in runwords.CHOICES.items() if key == name for word in all_
        )
    return words + (("true", "false") if "bool" in field.types else ())


def takes(field: Field) -> Text:
    """The kinds of values, as a person says them."""
    kinds = [NAMES[kind] for kind in NAMES if kind in field.types and kind != "null"]
    return Text(" or ".join(k.en for k in kinds), "或".join(k.zh for k in kinds))

"""Continued pre-training: whole documents are learnt from end to end, long ones in pieces of max_length."""

from __future__ import annotations

from qtune.train.methods import sft

HEAD = sft.HEAD
texts = sft.texts  # train.texts asks the config's method what of a row is learnt
build = sft.build

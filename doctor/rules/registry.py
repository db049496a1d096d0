"""Every rule there is: a rule exists because its code is named in the folder of its prefix, and that one here."""

from __future__ import annotations

from qtune.doctor.rules import cfg, dat, dsk, dwn, env, gate, gpu, hub, mem, net, pkg, tok, trn
from qtune.doctor.rules.roster import Codes, Roster

_PREFIXES = (net, hub, tok, gate, gpu, mem, dsk, pkg, env, cfg, dat, dwn, trn)
_RAISED = (cfg, dwn, trn)

RULES = Roster(*(code for prefix in _PREFIXES for code in prefix.RULES.codes))
"""In the order of the road."""

JUDGING = Roster(*(c for p in _PREFIXES if p not in _RAISED for c in p.RULES.codes))
"""Without those whose codes commands and readers raise: they have a page, and nothing to judge."""

BY_CODE = Codes(RULES)

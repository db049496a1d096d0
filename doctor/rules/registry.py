"""Every rule there is: a rule exists because its code is named in the folder of its prefix, and that one here."""

from __future__ import annotations

from qtune.doctor.rules import cfg, dat, dsk, dwn, env, gate, gpu, hub, mem, net, pkg, src, tok, trn
from qtune.doctor.rules.roster import Codes, Roster

_PREFIXES = (net, hub, tok, gate, gpu, mem, dsk, pkg, env, cfg, dat, src, dwn, trn)
_RAISED = (cfg, src, dwn, trn)

RULES = Roster(*(code for prefix in _PREFIXES for code in prefix.RULES.codes))
"""In the order of the road."""

JUDGING = Roster(*(c for p in _PREFIXES if p not in _RAISED for c in p.RULES.codes))
"""Without those of which an examination has nothing to judge: commands and readers raise them, or they are about
source code, which only `qtune check` and the editor read."""

BY_CODE = Codes(RULES)

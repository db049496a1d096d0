"""Every rule there is: a literal list, so that a rule exists because it is named here."""

from __future__ import annotations

from qtune.doctor.rule import Rule
from qtune.doctor.rules import cfg, dat, dsk, dwn, env, gate, gpu, hub, mem, net, pkg, tok, trn

RULES: tuple[Rule, ...] = (
    *net.RULES,
    *hub.RULES,
    *tok.RULES,
    *gate.RULES,
    *gpu.RULES,
    *mem.RULES,
    *dsk.RULES,
    *pkg.RULES,
    *env.RULES,
    *cfg.RULES,
    *dat.RULES,
    *dwn.RULES,
    *trn.RULES,
)

BY_CODE: dict[str, Rule] = {rule.code: rule for rule in RULES}

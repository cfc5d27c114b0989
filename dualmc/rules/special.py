"""The rules of scipy.special, by family. Loaded when SciPy's functions meet a tangent, not before."""

import scipy.special as sc  # type: ignore[import-untyped]

from . import (
    special_bessel,
    special_distributions,
    special_elliptic,
    special_error,
    special_gamma,
    special_polynomials,
    special_twins,
    special_waves,
)
from .rule import Refused
from .special_entry import SPECIAL

__all__ = [
    "SPECIAL",
    "special_bessel",
    "special_distributions",
    "special_elliptic",
    "special_error",
    "special_gamma",
    "special_polynomials",
    "special_twins",
    "special_waves",
]

_OWN = "take dm.primal of the argument, or give its derivative in a function of your own with dm.defrule"
REFUSED: dict[str, tuple[str, ...]] = {
    f"the derivative in its arguments has no closed form in functions of SciPy; {_OWN}": (
        "chndtridf", "ncfdtr", "ncfdtri", "ncfdtridfd", "ncfdtridfn", "ncfdtrinc", "nctdtr", "nctdtridf", "nctdtrinc", "nctdtrit",
        "mathieu_a", "mathieu_b", "obl_cv", "pro_cv",
    ),
    f"its value is a sum that depends on the integer n, whose derivative SciPy does not evaluate; {_OWN}": ("smirnov", "smirnovi"),
    f"its second output is the derivative in x; a rule for it is not written; {_OWN}": (
        "mathieu_cem", "mathieu_sem", "mathieu_modcem1", "mathieu_modcem2", "mathieu_modsem1", "mathieu_modsem2",
        "obl_ang1", "obl_ang1_cv", "obl_rad1", "obl_rad1_cv", "obl_rad2", "obl_rad2_cv",
        "pro_ang1", "pro_ang1_cv", "pro_rad1", "pro_rad1_cv", "pro_rad2", "pro_rad2_cv",
    ),
}  # fmt: skip
"""Ufuncs of scipy.special without a rule, and why; one that this SciPy lacks is passed over."""

for _reason, _names in REFUSED.items():
    for _func in (getattr(sc, _name, None) for _name in _names):
        if _func is not None:
            SPECIAL[_func] = Refused(_func, _reason)

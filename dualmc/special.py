"""
Functions of scipy.special that SciPy does not offer to other arrays, with the same meaning, for arrays and Duals.

SciPy's ufuncs take Duals themselves; these convert their argument first. Those of exponentials need no SciPy; the
others load it when they are first asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any

from .rules.special_sums import log_softmax as log_softmax
from .rules.special_sums import logsumexp as logsumexp
from .rules.special_sums import softmax as softmax

if TYPE_CHECKING:
    from .rules.special_twins import comb as comb
    from .rules.special_twins import factorial as factorial
    from .rules.special_twins import multigammaln as multigammaln
    from .rules.special_twins import polygamma as polygamma
    from .rules.special_twins import spherical_in as spherical_in
    from .rules.special_twins import spherical_jn as spherical_jn
    from .rules.special_twins import spherical_kn as spherical_kn
    from .rules.special_twins import spherical_yn as spherical_yn

__all__ = [
    "comb",
    "factorial",
    "log_softmax",
    "logsumexp",
    "multigammaln",
    "polygamma",
    "softmax",
    "spherical_in",
    "spherical_jn",
    "spherical_kn",
    "spherical_yn",
]


def __getattr__(name: str) -> Any:
    """Load what needs SciPy when it is asked for."""
    if name in __all__:
        return getattr(importlib.import_module("dualmc.rules.special_twins"), name)
    raise AttributeError(f"module 'dualmc.special' has no attribute {name!r}")

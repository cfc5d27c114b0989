"""
Functions of scipy.special that SciPy does not offer to other arrays, with the same meaning, for arrays and Duals.

SciPy's ufuncs take Duals themselves; these three convert their argument first. SciPy is not needed for them.
"""

from .rules.special_sums import log_softmax as log_softmax
from .rules.special_sums import logsumexp as logsumexp
from .rules.special_sums import softmax as softmax

__all__ = ["log_softmax", "logsumexp", "softmax"]

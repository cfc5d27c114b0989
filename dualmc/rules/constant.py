"""Functions without a derivative, or whose derivative is zero wherever it exists: they see primals only."""

import numpy as np

from .registry import register
from .rule import Constant, Refused

_COMPARISONS = (
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal, np.array_equal, np.array_equiv,
    np.isclose, np.allclose,
)  # fmt: skip
_LOGIC = (
    np.logical_and, np.logical_or, np.logical_xor, np.logical_not, np.all, np.any, np.isfinite, np.isinf, np.isnan,
    np.isnat, np.signbit, np.iscomplex, np.isreal, np.iscomplexobj, np.isrealobj, np.isneginf, np.isposinf,
)  # fmt: skip
_STEPS = (np.floor, np.ceil, np.rint, np.trunc, np.fix, np.round, np.around, np.spacing)
_INTEGERS = (
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift, np.bitwise_count, np.gcd,
    np.lcm,
)  # fmt: skip
_INDICES = (
    np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition, np.argwhere, np.nonzero,
    np.flatnonzero, np.count_nonzero, np.searchsorted, np.digitize, np.lexsort, np.tril_indices_from,
    np.triu_indices_from, np.diag_indices_from,
)  # fmt: skip
_SHAPES = (
    np.shape, np.ndim, np.size, np.result_type, np.common_type, np.min_scalar_type, np.shares_memory,
    np.may_share_memory, np.can_cast,
)  # fmt: skip

for _func in (*_COMPARISONS, *_LOGIC, *_STEPS, *_INTEGERS, *_INDICES, *_SHAPES):
    register(Constant(_func))

_SAVED = "a file holds no tangent; save dm.primal(x) and dm.tangent(x), or pickle the Dual"
for _writer in (np.save, np.savetxt, np.savez, np.savez_compressed):
    register(Refused(_writer, _SAVED))

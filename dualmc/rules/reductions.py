"""What `ufunc.reduce` and `ufunc.accumulate` mean, where a function says it better than a fold."""

import math
from typing import Any

import numpy as np

from .._typing import Array, Function
from ..linear_op import LinearOp
from .registry import dispatching, register
from .rule import Weighted
from .selection import base, weighted_sum_op


def _log_sum(ufunc: Any, exp: Any, log: Any) -> Function:
    """Return log Σ exp along axes, as `ufunc.reduce` finds it."""

    def log_sum(x: Array, axis: Any, counted: Any) -> Array:
        return _terms(x, axis, counted)[0]

    def _terms(x: Array, axis: Any, counted: Any) -> tuple[Array, None, LinearOp]:
        """Return ∂ans/∂xᵢ = exp xᵢ / Σ exp x; where all entries, or some, are infinite, the mean of those."""
        values = base(x)
        top = np.max(values, axis=axis, keepdims=True, initial=-math.inf)
        infinite = np.isinf(top)
        special = bool(np.any(infinite))
        e = exp(x - (np.where(infinite, 0, top) if special else top))
        if special:
            alike = np.broadcast_to(counted, values.shape) & (values == top)
            e = np.where(infinite, alike.astype(values.dtype), e)
        total = np.sum(e, axis=axis, keepdims=True)
        none = base(total) == 0
        total = np.where(none, 1, total) if np.any(none) else total
        ans = np.where(infinite, top, log(total) + top) if special else log(total) + top
        return ans, None, weighted_sum_op(e, total, axis, keepdims=True)

    log_sum.__name__ = f"log_sum_of_{exp.__name__}"
    register(Weighted(log_sum, _terms))
    call = dispatching(log_sum)

    def reduce(a: Array, axis: Any = 0, dtype: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True) -> Array:
        a = a if dtype is None else a.astype(dtype)
        a = a if where is True else np.where(where, a, -math.inf)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            result = call(a, axis, base(where))
        result = result if initial is None else ufunc(initial, result)
        return result if keepdims else np.squeeze(result, axis=axis)[()]

    return reduce


REDUCTIONS: dict[Any, Function] = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
    np.fmax: np.nanmax,
    np.fmin: np.nanmin,
    np.logical_and: np.all,
    np.logical_or: np.any,
    np.logaddexp: _log_sum(np.logaddexp, np.exp, np.log),
    np.logaddexp2: _log_sum(np.logaddexp2, np.exp2, np.log2),
}

ACCUMULATIONS: dict[Any, Function] = {np.add: np.cumsum, np.multiply: np.cumprod}

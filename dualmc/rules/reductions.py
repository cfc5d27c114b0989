"""What `ufunc.reduce` and `ufunc.accumulate` mean, where a function says it better than a fold."""

import math
from typing import Any

import numpy as np

from .._typing import Array, Function
from .selection import base


def _log_sum(ufunc: Any, exp: Any, log: Any) -> Function:
    """Return log Σ exp along axes; the mean of the tangents where all entries are -inf."""

    def reduce(a: Array, axis: Any = 0, dtype: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True) -> Array:
        a = a if dtype is None else a.astype(dtype)
        a = a if where is True else np.where(where, a, -math.inf)
        top = np.max(base(a), axis=axis, keepdims=True, initial=-math.inf)
        shift = np.where(np.isfinite(top), top, 0)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            result = log(np.sum(exp(a - shift), axis=axis, keepdims=True)) + shift
            if np.any(top == -math.inf):
                count = np.sum(np.broadcast_to(base(where), a.shape), axis=axis, keepdims=True)
                mean = np.sum(a, axis=axis, keepdims=True, initial=-math.inf) / np.maximum(count, 1).astype(a.dtype)
                result = np.where(top == -math.inf, mean, result)
        result = np.where(top == math.inf, np.max(a, axis=axis, keepdims=True), result) if np.any(top == math.inf) else result
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

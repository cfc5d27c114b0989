"""What a pattern is: the places of a matrix that hold an entry, as CSR arrays in a fixed order."""

from typing import Any

import numpy as np

from ..extras import optional


def as_pattern(given: Any, name: str) -> Any:
    """
    Return the places of the stored entries as a boolean CSR array of its own, sorted, each place once, with indices of 32 bits if they do.

    `given` is an array or matrix of scipy.sparse, or a two-dimensional boolean array; `name` is the function that needs it.
    """
    sparse = optional("scipy.sparse", "scipy", name)
    if not sparse.issparse(given) and not (isinstance(given, np.ndarray) and given.dtype == bool):
        got = f"an array of dtype {given.dtype}; write pattern != 0" if isinstance(given, np.ndarray) else type(given).__name__
        raise TypeError(f"{name}: pattern must be an array of scipy.sparse or a boolean array, got {got}")
    if given.ndim != 2:
        raise ValueError(f"{name}: pattern must have two axes, got shape {given.shape}")
    found = sparse.csr_array(given)
    ones = np.ones(found.indices.size, bool)
    found = sparse.csr_array((ones, found.indices.copy(), found.indptr.copy()), shape=found.shape)
    found.sum_duplicates()
    index = np.int32 if max(*found.shape, found.nnz) <= np.iinfo(np.int32).max else np.int64
    found.indices, found.indptr = found.indices.astype(index, copy=False), found.indptr.astype(index, copy=False)
    return found

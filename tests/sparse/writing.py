"""Random programs that assemble their result: slices, views, in-place operators, indices, masks, `np.add.at`, sums and products."""

import functools

import numpy as np
from hypothesis import strategies as st

N = 6
A = np.tril(np.sin(1 + np.arange(36.0)).reshape(6, 6))
INDICES = [np.array(i) for i in ([0, 2, 4], [5, 5, 1], [3, 1, 0], [2, 2, 2])]
MASK = np.array([True, False, True, True, False, False])


def _through(r, y):
    v = r[1:5]
    w = v[::-1]
    w[1:3] = y[:2] * y[4:]
    return r


def _column(r, y):
    v = r.reshape(2, 3)
    v[:, 1] = y[[0, 3]]
    v.T[2] *= y[1]
    return r


def _add_at(r, y, i):
    np.add.at(r, i, y[:3])
    return r


def _subtract_at(r, y, i):
    np.subtract.at(r, i, np.sin(y[i]))
    return r


def _put(r, y, i):
    r[i] = y[2:5]
    return r


def _set(r, key, value):
    r[key] = value
    return r


def _buffer(y):
    r = np.zeros_like(y)
    r[1:-1] = y[2:] - 2 * y[1:-1] + y[:-2]
    r[0] = y[1] * y[0]
    return r


def _out(r, y):
    np.multiply(r, y, out=r)
    return r


def _increased(r, y):
    r += y[::-1]
    r[2:] -= y[:-2]
    return r


STEPS = {
    "r[1:4] = y[:3]": lambda r, y: _set(r, slice(1, 4), y[:3]),
    "r[::2] = y[3:] * y[:3]": lambda r, y: _set(r, slice(None, None, 2), y[3:] * y[:3]),
    "r[2] = y[5]": lambda r, y: _set(r, 2, y[5]),
    "r[3:] = 1.5": lambda r, y: _set(r, slice(3, None), 1.5),
    "r[mask] = y[mask]": lambda r, y: _set(r, MASK, y[~MASK]),
    "through views": _through,
    "columns": _column,
    "r += ...": _increased,
    "out=r": _out,
    "r = stencil(y)": lambda r, y: _buffer(y) + r,
    "r = np.roll(r, 1) * y": lambda r, y: np.roll(r, 1) * y,
    "r = np.where(mask, r, y)": lambda r, y: np.where(MASK, r, y),
    "r = np.concatenate": lambda r, y: np.concatenate([y[4:], r[:2], np.sin(r[2:4])]),
    "r = A @ r": lambda r, y: A @ r,
    "r = r * sum(y)": lambda r, y: r * np.sum(y) / 6,
    "r = np.cumsum(r)": lambda r, y: np.cumsum(r) / 6,
    "r = np.sin(r)": lambda r, y: np.sin(r),
    "r = real(r·c)": lambda r, y: np.real((r + 1j * y) * (0.6 - 0.8j)),
    "r = outer": lambda r, y: (r[:, None] * y).sum(axis=1) / 6,
    "r = sorted": lambda r, y: np.sort(np.sin(r)) + y,
    **{f"np.add.at(r, {i.tolist()}, y)": functools.partial(_add_at, i=i) for i in INDICES},
    **{f"np.subtract.at(r, {i.tolist()}, y)": functools.partial(_subtract_at, i=i) for i in INDICES[:2]},
    **{f"r[{i.tolist()}] = y": functools.partial(_put, i=i) for i in INDICES},
}


class Program:
    """A function of one vector of N numbers: each step writes to r, or replaces it, given y, the input or an earlier r."""

    def __init__(self, steps):
        self.steps = steps

    def __call__(self, x):
        known = [x]
        r = x * 1.0
        for text, k in self.steps:
            y = known[k % len(known)]
            r = STEPS[text](r, y)
            if k > 1:
                known.append(np.copy(r))
        return r

    def __repr__(self):
        return f"Program({self.steps})"


def programs(depth=6):
    return st.lists(st.tuples(st.sampled_from(list(STEPS)), st.integers(0, 4)), min_size=1, max_size=depth).map(Program)

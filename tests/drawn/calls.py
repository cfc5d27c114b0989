"""What Hypothesis draws: a call of a NumPy function with its shapes and keywords, then its arrays of any dtype and memory layout."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dualmc.rules.rule import Domain
from dualmc.testing.layouts import placed

Shape = tuple[int, ...]
REAL, POSITIVE = Domain("apart, and from 0", 0.3, 2.3), Domain("apart, above 0", 0.3, 2.3)


@dataclass(frozen=True)
class Call:
    """
    A call `f(*arrays)`; `domains` says where the entries of each array lie.

    `may` are the operands that can carry a tangent (None: all), `must` those without which NumPy does not offer the call.
    """

    text: str
    f: Callable[..., Any]
    shapes: tuple[Shape, ...]
    domains: tuple[Domain, ...]
    may: tuple[int, ...] | None = None
    must: tuple[int, ...] = ()

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Entry:
    """
    How calls of a function are drawn, and what is known about it.

    `kinds` as in `Case`. `condition` is how much it amplifies rounding, and `noise` how many units in the last place its own values may be
    off in a way that does not show in their differences. `mixed` says that real and complex operands go together.
    """

    func: Any
    make: Callable[["Draws", Any], Call]
    kinds: str = "fc"
    condition: float = 16.0
    noise: float = 16.0
    mixed: bool = True


class Table(dict[Any, Entry]):
    """Entries by function."""

    def draws(self, *funcs: Any, **about: Any) -> Callable[[Any], Any]:
        """Enter functions with the way in which their calls are drawn."""

        def enter(make: Any) -> Any:
            for func in funcs:
                assert func not in self, func
                self[func] = Entry(func, make, **about)
            return make

        return enter


def name(func: Any) -> str:
    return f"{getattr(func, '__module__', 'numpy')}.{func.__name__}"


def call(func: Any, *shapes: Shape, f: Any = None, domain: Any = REAL, may: Any = None, must: Any = (), **kwargs: Any) -> Call:
    """Return a call of func with keywords, or of `f(*arrays, **kwargs)`, which calls it in another way."""
    domains = (domain,) * len(shapes) if isinstance(domain, Domain) else tuple(domain)
    inner = func if f is None else f
    text = f"{name(func)}({', '.join(map(str, shapes))}, {', '.join(f'{k}={v!r}' for k, v in kwargs.items())})"
    return Call(text, lambda *xs: inner(*xs, **kwargs), tuple(map(tuple, shapes)), domains, may, tuple(must))


integers = functools.cache(st.integers)


class Draws:
    """Short words for what tables draw."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw

    def of(self, *values: Any) -> Any:
        return values[self.int(0, len(values) - 1)]

    def int(self, low, high):
        return self.draw(integers(low, high))

    def bool(self):
        return self.int(0, 1) == 1

    def shape(self, low=0, high=3, side=1, top=3):
        """A shape of `low` to `high` axes with `side` to `top` entries along each."""
        return self.draw(hnp.array_shapes(min_dims=low, max_dims=high, min_side=side, max_side=top))

    def like(self, n=2, high=3, side=1):
        """Several shapes that broadcast."""
        return self.draw(hnp.mutually_broadcastable_shapes(num_shapes=n, max_dims=high, min_side=side, max_side=3)).input_shapes

    def stacks(self, *cores, side=1):
        """Shapes that end in the given ones and whose batches broadcast."""
        found = self.like(len(cores), 2, side) if self.bool() else ((),) * len(cores)
        return tuple((*batch, *core) for batch, core in zip(found, cores, strict=True))

    def axis(self, nd):
        return self.int(-nd, nd - 1)

    def axes(self, nd, low=0, high=None):
        """Several different axes, each counted from the front or the back."""
        chosen = self.draw(st.lists(st.integers(0, nd - 1), unique=True, min_size=low, max_size=high)) if nd else []
        return tuple(a - nd * self.bool() for a in chosen)

    def reduced(self, nd):
        """The keyword axis of a reduction: left out, None, a number or a tuple."""
        kind = self.of("none", "one", "several", "default")
        if kind == "default" or not nd:
            return {}
        return {"axis": None if kind == "none" else self.axis(nd) if kind == "one" else self.axes(nd)}

    def along(self, nd, *, flat=True):
        """The keyword axis of a function along one axis: left out, a number, or None."""
        kind = self.of("none", "one", "default") if flat else self.of("one", "default")
        return {} if kind == "default" or not nd else {"axis": None if kind == "none" else self.axis(nd)}

    def some(self, **options):
        """Each keyword with one of its values, or left out."""
        return {k: self.of(*values) for k, values in options.items() if self.bool()}

    def mask(self, shape):
        """Booleans of a shape, most of them true."""
        return np.random.default_rng(self.int(0, 50)).random(shape) < 0.75

    def order(self, n):
        return tuple(self.draw(st.permutations(range(n))))


# Arrays. -----------------------------------------------------------------------------------------------------

PRECISIONS = {"double": {"f": np.float64, "c": np.complex128}, "single": {"f": np.float32, "c": np.complex64}}


@dataclass(frozen=True)
class Point:
    """A call with its arrays and two directions."""

    call: Call
    xs: list[np.ndarray]
    ts: list[np.ndarray]
    us: list[np.ndarray]
    moving: tuple[int, ...]
    """The operands that carry a tangent."""


@st.composite
def points(draw: Any, entry: Entry, precisions: Sequence[str]) -> Point:
    """Draw a call, then arrays whose entries are apart from each other and from 0, so that no kink is near."""
    d = Draws(draw)
    made, precision = entry.make(d, entry.func), d.of(*precisions)
    rng = np.random.default_rng(d.int(0, 9999))
    count = len(made.shapes)
    kinds = rng.choice(list(entry.kinds), count if entry.mixed and rng.random() < 0.25 else 1).tolist()
    kinds = kinds if len(kinds) == count else kinds * count
    layouts = rng.choice(["C", "C", "F", "reversed", "strided"], count).tolist()
    sizes = [int(np.prod(s)) for s in made.shapes]
    places = np.split((rng.permutation(sum(sizes)) + 0.5) / max(sum(sizes), 1), np.cumsum(sizes)[:-1])
    xs: list[np.ndarray] = []
    ts: list[np.ndarray] = []
    us: list[np.ndarray] = []
    for n, at, shape, domain, kind, layout in zip(sizes, places, made.shapes, made.domains, kinds, layouts, strict=True):
        x = domain.low + (domain.high - domain.low) * (0.02 + 0.96 * at)
        tangents = [rng.uniform(-1, 1, n) for _ in range(2)]
        if domain is REAL:
            x = x * rng.choice([-1, 1], n)
        if domain.integer:
            xs.append(np.round(x).astype(int).reshape(shape))
            ts.append(np.zeros(shape))
            us.append(np.zeros(shape))
            continue
        if kind == "c":
            x = x + 1j * rng.uniform(-1, 1, n)
            tangents = [t + 1j * rng.uniform(-1, 1, n) for t in tangents]
        dtype = PRECISIONS[precision][kind]
        for found, values in zip((xs, ts, us), (x, *tangents), strict=True):
            found.append(placed(values.astype(dtype).reshape(shape), layout))
    able = [i for i in (range(count) if made.may is None else made.may) if not made.domains[i].integer]
    moving = tuple(i for i in able if i in made.must or rng.random() < 0.6)
    return Point(made, xs, ts, us, moving or tuple(able))

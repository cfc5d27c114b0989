"""Calls of ufuncs and other element-wise functions of numpy and scipy.special, inside the domains of their rules."""

import numpy as np
import scipy.special as sc
from special.cases import CASES, FIXED

import dualmc as dm
from dualmc import special
from dualmc.arrays.creation import carries
from dualmc.rules import RULES
from dualmc.rules.rule import Composed, Domain, Elementwise, Refused
from dualmc.rules.special import SPECIAL
from dualmc.special import log_softmax, logsumexp, softmax

from ..linalg.cases import plain
from .calls import POSITIVE, REAL, Table, call

TABLE = Table()


def keywords(d, func, shapes):
    """Keywords of a ufunc: where with out, and casting."""
    kind = d.of("plain", "plain", "where", "casting")
    if kind == "casting":
        return {"casting": "same_kind", "order": d.of("K", "C")}
    shape = np.broadcast_shapes(*shapes)
    return {"where": d.mask(shape)} if kind == "where" and len({*shapes, shape}) == 1 else {}


def ufuncs(d, func):
    rule = RULES[func] if func in RULES else SPECIAL[func]
    shapes = d.like(len(rule.on), side=0)
    taking = func if isinstance(func, np.ufunc) or func in OWN else getattr(special, func.__name__, func)  # SciPy turns Duals away
    may = movable(taking, rule)
    kwargs = keywords(d, func, shapes) if func in OWN and isinstance(func, np.ufunc) else {}

    def f(*xs, **kw):
        if "where" not in kw:
            return (taking if any(map(carries, xs)) else func)(*xs, **kw)
        carrier = next(filter(carries, xs), xs[0])
        out = np.zeros(np.shape(xs[0]), func(*map(plain, xs)).dtype, like=carrier)
        out += 0.25
        return func(*xs, out=out, **kw)

    return call(func, *shapes, f=f, domain=DOMAINS.get(func, (rule.on,))[d.int(0, len(DOMAINS.get(func, (0,))) - 1)], may=may, **kwargs)


def movable(func, rule):
    """The arguments in which a function has a derivative; the others refuse a tangent."""
    able = []
    args = [np.array([round((a.low + a.high) / 2) if a.integer else a.low * 0.6 + a.high * 0.4]) for a in rule.on]
    for i, domain in enumerate(rule.on):
        if domain.integer:
            continue
        try:
            func(*(dm.Dual(x, np.ones(1)) if i == j else x for j, x in enumerate(args)))
        except TypeError as e:
            if "has no derivative in its argument" not in str(e):
                raise
        else:
            able.append(i)
    return tuple(able)


def kinds(func, rule):
    """Whether a function takes complex values."""
    types = getattr(func, "types", ())
    return "fc" if rule.on_complex != "refused" and any(t.startswith("D" * len(rule.on) + "->") for t in types) else "f"


OWN = {func: rule for func, rule in RULES.items() if isinstance(rule, Elementwise) and not func.__module__.startswith("dualmc")}
PUBLIC = [f for f in vars(sc).values() if callable(f)]
# Domains away from a kink, where the rule's own contain it; and the accuracy of SciPy's values where it is less than the rest.
DOMAINS = {sc.huber: ((Domain("δ", 3.3, 4.0), Domain("r", -2.5, 2.5)), (Domain("δ", 0.2, 0.5), Domain("r", 1.0, 3.0)))}
NOISE = {sc.hyperu: 1e6, sc.tklmbda: 1e6, sc.elliprd: 1e3, sc.elliprj: 1e3, sc.elliprf: 1e3, sc.elliprg: 1e3, sc.elliprc: 1e3}
SCIPY = {func: rule for func, rule in SPECIAL.items() if func in PUBLIC and isinstance(rule, Elementwise) and func not in OWN}
for _func, _rule in {**OWN, **SCIPY}.items():
    if _func is not np.nextafter:  # differences of it see the grid of floats
        TABLE.draws(_func, noise=NOISE.get(_func, 16.0), kinds=kinds(_func, _rule), condition=64.0)(ufuncs)

DRAWN_APART = {sc.ellipj, sc.kelvin, *(f for f, rule in SPECIAL.items() if isinstance(rule, Refused))}
SEVERAL = {f for f in SPECIAL if isinstance(f, np.ufunc) and f.nout > 1} - DRAWN_APART - {sc.itairy}


@TABLE.draws(*SEVERAL, kinds="f", condition=64.0, noise=1e3)
def several_outputs(d, func):
    if func.nin == 1:
        return call(func, d.shape(side=0), domain=POSITIVE)
    number = 1.5  # the order, which carries no tangent
    return call(func, d.shape(side=0), f=lambda x: func(number, x), domain=POSITIVE)


@TABLE.draws(np.modf, np.frexp, kinds="f")
def parts_of_numbers(d, func):
    return call(func, d.shape(side=0))


@TABLE.draws(np.sign)
def signs(d, func):
    return call(func, d.shape(side=0))


@TABLE.draws(np.divmod, kinds="f")
def divisions(d, func):
    return call(func, *d.like(2, side=0), domain=(REAL, POSITIVE))


@TABLE.draws(np.float_power)
def powers(d, func):
    return call(func, *d.like(2, side=0), domain=(POSITIVE, REAL))


OURS = {sc.logsumexp: logsumexp, sc.softmax: softmax, sc.log_softmax: log_softmax}


@TABLE.draws(*OURS, kinds="f")
def sums_of_exponentials(d, func):
    """SciPy turns Duals away from these; dualmc.special has them."""
    shape = d.shape(1)
    kwargs = d.reduced(len(shape))
    if func is not sc.logsumexp:
        return call(func, shape, f=handed(func), **kwargs)
    kwargs |= d.some(keepdims=[True, False], return_sign=[True, False])
    if d.bool():
        return call(func, shape, shape, f=lambda x, b, **kw: handed(func)(x, b=b, **kw), domain=(REAL, POSITIVE), **kwargs)
    return call(func, shape, f=handed(func), **kwargs)


def handed(func):
    """SciPy's function for plain arrays, and dualmc's for Duals."""

    def f(x, **kwargs):
        moves = carries(x) or carries(kwargs.get("b"))
        return (OURS[func] if moves else func)(x, **kwargs)

    return f


# Compositions and inverses: near the points of tests/special/cases.py, whose references are of high precision.
COMPOSED = {func: [FIXED.get(func, {}).get(i, a) for i, a in enumerate(args)] for func, (args, _) in CASES.items()}


def near_a_point(d, func):
    fixed = COMPOSED[func]
    places = [i for i, a in enumerate(CASES[func][0]) if isinstance(a, float)]
    shapes = d.like(len(places), side=0)

    def f(*xs):
        moving = iter(xs)
        return func(*(next(moving) if i in places else a for i, a in enumerate(fixed)))

    return call(func, *shapes, f=f, domain=[Domain("near the point", 0.98 * fixed[i], 1.02 * fixed[i]) for i in places])


for _func in COMPOSED:
    exact = isinstance(SPECIAL[_func], Composed)
    TABLE.draws(_func, kinds="f", condition=64.0 if exact else 1e4, noise=16.0 if exact else 1e5)(near_a_point)


@TABLE.draws(sc.ellipj, kinds="f", condition=64.0)
def elliptic_functions(d, func):
    return call(func, *d.like(2, side=0), domain=(Domain("u", 0.3, 1.2), Domain("m", 0.2, 0.7)))


@TABLE.draws(sc.kelvin, kinds="f", condition=64.0)
def kelvin_functions(d, func):
    return call(func, d.shape(side=0), domain=POSITIVE)

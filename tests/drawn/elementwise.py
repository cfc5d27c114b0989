"""Calls of ufuncs and other element-wise functions of numpy and scipy.special, inside the domains of their rules."""

import numpy as np
import scipy.special as sc

import dualmc as dm
from dualmc.rules import RULES
from dualmc.rules.rule import Domain, Elementwise
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
    may = movable(func, rule)
    kwargs = keywords(d, func, shapes) if func in OWN and isinstance(func, np.ufunc) else {}

    def f(*xs, **kw):
        if "where" not in kw:
            return func(*xs, **kw)
        carrier = next((x for x in xs if type(x) is dm.Dual), xs[0])
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


def is_wide(func, rule):
    """Whether NumPy computes it in extended precision."""
    types = getattr(func, "types", ())
    return func is np.sinc or any(t.startswith("g" * len(rule.on) + "->") for t in types)


OWN = {func: rule for func, rule in RULES.items() if isinstance(rule, Elementwise) and not func.__module__.startswith("dualmc")}
PUBLIC = [f for f in vars(sc).values() if callable(f)]
# Domains away from a kink, where the rule's own contain it; and the accuracy of SciPy's values where it is less than the rest.
DOMAINS = {sc.huber: ((Domain("δ", 3.3, 4.0), Domain("r", -2.5, 2.5)), (Domain("δ", 0.2, 0.5), Domain("r", 1.0, 3.0)))}
NOISE = {sc.hyperu: 1e6}
SCIPY = {func: rule for func, rule in SPECIAL.items() if func in PUBLIC and isinstance(rule, Elementwise) and func not in OWN}
for _func, _rule in {**OWN, **SCIPY}.items():
    if _func is not np.nextafter:  # differences of it see the grid of floats
        TABLE.draws(_func, noise=NOISE.get(_func, 16.0), kinds=kinds(_func, _rule), wide=is_wide(_func, _rule), condition=64.0)(ufuncs)

SEVERAL = {sc.airy: REAL, sc.sici: POSITIVE, sc.shichi: POSITIVE, sc.fresnel: REAL}


@TABLE.draws(sc.airy, sc.sici, sc.shichi, sc.fresnel, kinds="f", wide=False, condition=64.0)
def several_outputs(d, func):
    return call(func, d.shape(side=0), domain=SEVERAL[func])


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


@TABLE.draws(*OURS, kinds="f", wide=False)
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
        carries = type(x) is dm.Dual or type(kwargs.get("b")) is dm.Dual
        return (OURS[func] if carries else func)(x, **kwargs)

    return f

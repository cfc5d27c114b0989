"""Functions of scipy.special that are entered in terms of others, or as solutions: where they are tested, and their references."""

import mpmath as mp
import scipy.special as sc
from special import references as high


def _solves(f, place):
    """The reference of an inverse: `f` of (ans, *args) is 0; `place` is SciPy's own function, for a start."""
    return lambda *args: mp.findroot(lambda x: f(x, *args), mp.mpf(float(place(*map(float, args)))), tol=1e-40)


def _ellipj(name):
    return lambda u, m: mp.ellipfun(name, u, m)


HALF = mp.mpf(1) / 2
CASES = {
    sc.gdtr: ((1.5, 2.0, 0.8), lambda a, b, x: high._lower(b, a * x)),
    sc.gdtrc: ((1.5, 2.0, 0.8), lambda a, b, x: high._upper(b, a * x)),
    sc.gdtrix: ((1.5, 2.0, 0.4), _solves(lambda x, a, b, p: high._lower(b, a * x) - p, sc.gdtrix)),
    sc.gdtria: ((0.4, 2.0, 0.8), _solves(lambda a, p, b, x: high._lower(b, a * x) - p, sc.gdtria)),
    sc.gdtrib: ((1.5, 0.4, 0.8), _solves(lambda b, a, p, x: high._lower(b, a * x) - p, sc.gdtrib)),
    sc.chdtr: ((3.0, 2.0), lambda v, x: high._lower(v / 2, x / 2)),
    sc.chdtrc: ((3.0, 2.0), lambda v, x: high._upper(v / 2, x / 2)),
    sc.chdtri: ((3.0, 0.3), _solves(lambda x, v, p: high._upper(v / 2, x / 2) - p, sc.chdtri)),
    sc.chdtriv: ((0.3, 2.0), _solves(lambda v, p, x: high._lower(v / 2, x / 2) - p, sc.chdtriv)),
    sc.pdtrik: ((0.6, 2.0), _solves(lambda k, p, m: high._upper(k + 1, m) - p, sc.pdtrik)),
    sc.chndtrix: ((0.4, None, 1.5), _solves(lambda x, p, nc: high._chndtr(x, 3, nc) - p, lambda p, nc: sc.chndtrix(p, 3.0, nc))),
    sc.chndtrinc: ((2.0, None, 0.3), _solves(lambda nc, x, p: high._chndtr(x, 3, nc) - p, lambda x, p: sc.chndtrinc(x, 3.0, p))),
    sc.btdtria: ((0.3, 2.0, 0.4), _solves(lambda a, p, b, x: high._betainc(a, b, x) - p, sc.btdtria)),
    sc.btdtrib: ((2.0, 0.3, 0.4), _solves(lambda b, a, p, x: high._betainc(a, b, x) - p, sc.btdtrib)),
    sc.fdtr: ((3.0, 4.0, 0.7), lambda n, d, x: high._betainc(n / 2, d / 2, n * x / (d + n * x))),
    sc.fdtrc: ((3.0, 4.0, 0.7), lambda n, d, x: high._betainc(d / 2, n / 2, d / (d + n * x))),
    sc.fdtri: ((3.0, 4.0, 0.3), _solves(lambda x, n, d, p: high._betainc(n / 2, d / 2, n * x / (d + n * x)) - p, sc.fdtri)),
    sc.fdtridfd: ((3.0, 0.7, 1.4), _solves(lambda d, n, p, x: high._betainc(n / 2, d / 2, n * x / (d + n * x)) - p, sc.fdtridfd)),
    sc.stdtrit: ((3.0, 0.7), _solves(lambda t, df, p: high._t(df, t) - p, sc.stdtrit)),
    sc.stdtridf: ((0.9, 1.5), _solves(lambda df, p, t: high._t(df, t) - p, sc.stdtridf)),
    sc.bdtrik: ((0.6, 6.0, 0.4), _solves(lambda k, y, n, p: high._bdtr(k, n, p) - y, sc.bdtrik)),
    sc.bdtrin: ((2.0, 0.6, 0.4), _solves(lambda n, k, y, p: high._bdtr(k, n, p) - y, sc.bdtrin)),
    sc.nbdtrik: ((0.6, 3.0, 0.4), _solves(lambda k, y, n, p: high._nbdtr(k, n, p) - y, sc.nbdtrik)),
    sc.nbdtrin: ((2.0, 0.6, 0.4), _solves(lambda n, k, y, p: high._nbdtr(k, n, p) - y, sc.nbdtrin)),
    sc.nrdtrimn: ((0.3, 1.5, 0.7), lambda p, s, x: x - s * mp.sqrt(2) * mp.erfinv(2 * p - 1)),
    sc.nrdtrisd: ((0.3, 0.7, 1.2), lambda m, p, x: (x - m) / (mp.sqrt(2) * mp.erfinv(2 * p - 1))),
    sc.voigt_profile: (
        (0.7, 0.8, 0.5),
        lambda x, s, g: (
            mp.re(mp.exp(-(((x + 1j * g) / (s * mp.sqrt(2))) ** 2)) * mp.erfc(-1j * (x + 1j * g) / (s * mp.sqrt(2))))
            / (s * mp.sqrt(2 * mp.pi))
        ),
    ),
    sc.agm: ((1.0, 2.5), mp.agm),
    sc.radian: ((10.0, 20.0, 30.0), lambda d, m, s: mp.radians(d + m / 60 + s / 3600)),
    sc.eval_chebyc: ((3, 0.7), lambda x: 2 * mp.chebyt(3, x / 2)),
    sc.eval_chebys: ((3, 0.7), lambda x: mp.chebyu(3, x / 2)),
    sc.eval_sh_legendre: ((3, 0.7), lambda x: mp.legendre(3, 2 * x - 1)),
    sc.eval_sh_chebyt: ((3, 0.7), lambda x: mp.chebyt(3, 2 * x - 1)),
    sc.eval_sh_chebyu: ((3, 0.7), lambda x: mp.chebyu(3, 2 * x - 1)),
    sc.eval_sh_jacobi: ((3, None, None, 0.7), lambda x: mp.jacobi(3, HALF, HALF, 2 * x - 1) / mp.binomial(7, 3)),
}
FIXED = {sc.chndtrix: {1: 3.0}, sc.chndtrinc: {1: 3.0}, sc.eval_sh_jacobi: {1: 2.0, 2: 1.5}}
OUTPUTS = {sc.ellipj: ((0.8, 0.6), [_ellipj("sn"), _ellipj("cn"), _ellipj("dn")]), sc.kelvin: ((1.3,), [])}
# Inverses are as good as SciPy's iteration, which stops early.
ROUGH = {sc.voigt_profile: 1e-9}

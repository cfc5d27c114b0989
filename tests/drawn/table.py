"""All functions whose calls are drawn."""

from dualmc.rules import complete

from . import choosing, elementwise, fft, linalg, numeric, products, reductions, shaping

complete()
TABLE = {
    func: entry
    for part in (reductions, shaping, choosing, products, numeric, linalg, fft, elementwise)
    for func, entry in part.TABLE.items()
}

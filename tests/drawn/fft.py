"""Calls of numpy.fft: any length, axes and norm."""

from numpy import fft

from .calls import Table, call

TABLE = Table()
NORMS = ["backward", "ortho", "forward", None]
REAL_IN = {"kinds": "f"}


def one_axis(d, func):
    shape = d.shape(1, top=5)
    kwargs = d.along(len(shape), flat=False) | d.some(norm=NORMS, n=[None, 1, 2, 3, 5, 8])
    if func in (fft.irfft, fft.hfft) and shape[kwargs.get("axis", -1)] == 1 and kwargs.get("n") is None:
        kwargs["n"] = 3
    return call(func, shape, **kwargs)


def several_axes(d, func):
    planar = func.__name__.endswith("2")
    shape = d.shape(2, 3, top=3)
    axes = d.axes(len(shape), 2, 2) if planar else d.axes(len(shape), 1)
    kwargs = d.some(norm=NORMS)
    if d.bool():
        kwargs |= {"axes": axes, "s": tuple(d.of(-1, 2, 3, 4) for _ in axes)}
    elif d.bool():
        kwargs |= {"axes": axes}
    last = kwargs.get("axes", (-1,))[-1]
    if "irfft" in func.__name__ and shape[last] == 1 and kwargs.get("s", (-1,))[-1] == -1:
        kwargs |= {"axes": kwargs.get("axes", (-2, -1))}
        kwargs["s"] = (*kwargs.get("s", (-1,) * len(kwargs["axes"]))[:-1], 3)
    return call(func, shape, **kwargs)


def shifts(d, func):
    shape = d.shape(1, side=0, top=4)
    axes = d.reduced(len(shape))
    return call(func, shape, **({"axes": axes["axis"]} if axes else {}))


TABLE.draws(fft.fft, fft.ifft, fft.irfft, fft.hfft)(one_axis)
TABLE.draws(fft.rfft, fft.ihfft, **REAL_IN)(one_axis)
TABLE.draws(fft.fftn, fft.ifftn, fft.fft2, fft.ifft2, fft.irfftn, fft.irfft2)(several_axes)
TABLE.draws(fft.rfftn, fft.rfft2, **REAL_IN)(several_axes)
TABLE.draws(fft.fftshift, fft.ifftshift)(shifts)

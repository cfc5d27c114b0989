"""Cases: every function of numpy.fft with its keywords."""

import numpy as np
from numpy import fft

from ..cases import each, named, with_

A, B, V = (2, 3, 4), (3, 4), (5,)
NORMS = ["backward", "ortho", "forward"]
ALL = [(0, 1, 2), (2, 0), (-1,), (1, 1)]

ONE_AXIS = [
    *[c for f in (fft.fft, fft.ifft) for c in each(f, [A], n=[None, 2, 5], axis=[-1, 0, 1])],
    *[c for f in (fft.fft, fft.ifft) for c in each(f, [V], norm=[None, *NORMS], n=[None, 7])],
]
TO_REAL = [
    *[c for f in (fft.irfft, fft.hfft) for c in each(f, [A], n=[None, 1, 2, 5, 8], axis=[-1, 1])],
    *[c for f in (fft.irfft, fft.hfft) for c in each(f, [V], norm=[None, *NORMS], n=[None, 7, 12])],
]
OF_REAL = [
    *[c for f in (fft.rfft, fft.ihfft) for c in each(f, [A], n=[None, 1, 2, 5, 8], axis=[-1, 1])],
    *[c for f in (fft.rfft, fft.ihfft) for c in each(f, [V], norm=[None, *NORMS], n=[None, 6])],
]
SEVERAL_AXES = [
    *[c for f in (fft.fftn, fft.ifftn) for c in each(f, [A], axes=[None, *ALL], norm=[None, "ortho"])],
    *[c for f in (fft.fftn, fft.ifftn) for c in each(f, [A], s=[(3, 2), (-1, 5)], axes=[(0, 2), (-1, 1)], norm=["forward"])],
    *[c for f in (fft.fft2, fft.ifft2) for c in each(f, [A], norm=[None, "forward"])],
    *[c for f in (fft.fft2, fft.ifft2) for c in each(f, [B], s=[(2, 5)], axes=[(-2, -1), (1, 0)])],
]
SEVERAL_TO_REAL = [
    *each(fft.irfftn, [A], axes=[None, *ALL], norm=[None, "ortho"]),
    *each(fft.irfftn, [A], s=[(3, 2), (2, -1), (4, 5)], axes=[(0, 2), (-1, 1)], norm=["forward"]),
    *each(fft.irfft2, [A], norm=[None, "forward"]),
    *each(fft.irfft2, [B], s=[(2, 5)], axes=[(-2, -1), (1, 0)]),
]
SEVERAL_OF_REAL = [
    *each(fft.rfftn, [A], axes=[None, (0, 1, 2), (2, 0), (-1,)], norm=[None, "ortho"]),
    *each(fft.rfftn, [A], s=[(3, 2), (-1, 5)], axes=[(0, 2), (-1, 1)], norm=["forward"]),
    *each(fft.rfft2, [A], norm=[None, "forward"]),
    *each(fft.rfft2, [B], s=[(2, 5)], axes=[(-2, -1), (1, 0)]),
]
SHIFTS = [
    *[c for f in (fft.fftshift, fft.ifftshift) for c in each(f, [A], axes=[None, 0, -1, (0, 2), (1,), [2, 1], ()])],
    *[c for f in (fft.fftshift, fft.ifftshift) for c in each(f, [V])],
]
MIXED = [
    named("power spectrum", lambda x: np.real(fft.fft(x) * np.conjugate(fft.fft(x))), V, smooth=True),
    named("low pass", lambda x: fft.irfft(fft.rfft(x)[..., :2], x.shape[-1]) ** 2, (3, 6), smooth=True, kinds="f"),
    named("convolution theorem", lambda x, y: fft.ifft(fft.fft(x) * fft.fft(y)), V, V, smooth=True),
    named("spectral derivative", lambda x: fft.irfft(1j * np.arange(4, dtype=x.dtype) * fft.rfft(x)) * x, (6,), smooth=True, kinds="f"),
]

CASES = [
    *with_(ONE_AXIS + TO_REAL + SEVERAL_AXES + SEVERAL_TO_REAL + SHIFTS, linear=True),
    *with_(OF_REAL + SEVERAL_OF_REAL, linear=True, kinds="f"),
    *with_(MIXED, ulps=8),
]

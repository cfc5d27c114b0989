"""
Functions compiled by Numba, differentiated inside compiled code: loaded when the first of them meets a derivative.

    types, boxing         numbers with derivatives, for Numba; how they enter and leave
    emit, chain           a partial of the rule table writes itself into the compiled function; the chain rule
    fused                 functions with code of their own, where that pays
    functions             the functions of the table and Python's operators
    gamma                 what the partials of the gamma function are made of
    arrays, linalg        what whole arrays of such numbers have
    numeric, statistics   functions of NumPy in terms of others
    searching             functions that see values only
    tuples                tuples of numbers, some with derivatives
    ways                  where Numba asks for its own numbers
    retyping, errors      allocations that have to hold derivatives; what a refusal says
    program               a call: arguments packed, results taken apart
    orders                arrays with derivatives of several transforms as blocks
    active                a call as one operation on Duals, HyperDuals and recorded tangents
    hook                  how Numba hands over a call with Duals
"""

from . import arrays as arrays
from . import boxing as boxing
from . import functions as functions
from . import linalg as linalg
from . import numeric as numeric
from . import refusals as refusals
from . import searching as searching
from . import statistics as statistics
from . import tuples as tuples
from .active import evaluate
from .hook import ACTIVE as ACTIVE
from .hook import install
from .ways import put_first

put_first()
install(evaluate)

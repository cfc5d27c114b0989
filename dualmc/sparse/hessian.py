"""Sparse Hessians: from the slots that meet in the operations of one run, or by the directions of a star colouring."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._typing import Array, Function
from ..boundary import Call
from ..extras import optional
from ..jacobians import check_one_number
from ..recording import record
from ..tangents import dense
from ..tangents.curved import CurvatureError
from ..tangents.gathers import Gather, Root
from ..tangents.pairs import Pairs, entries
from ..tangents.structured import Family
from . import matrices
from .assembly import Assembler

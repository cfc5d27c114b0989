"""Laws of second order hold whether products of first-order blocks are multiplied at once or kept."""

import pytest

from dualmc import hyper


@pytest.fixture(autouse=True, scope="module", params=["multiplied", "kept"])
def products(request):
    before = hyper.LEAST_PRODUCT, hyper.DIRECTIONS_PER_PAIR
    if request.param == "kept":
        hyper.LEAST_PRODUCT, hyper.DIRECTIONS_PER_PAIR = 0, 0
    yield
    hyper.LEAST_PRODUCT, hyper.DIRECTIONS_PER_PAIR = before

"""Every family on readings, and a toy family that a study brings itself."""

import pytest

from family_cases import READINGS, TOY, TOY_MODULE


@pytest.fixture(params=[*READINGS, TOY])
def form(request, own_plugin):
    if request.param == TOY:
        own_plugin(TOY, TOY_MODULE)
    return request.param

"""What a user reads where a changed study is refused."""

import copy
import json

import pytest
from pydantic import ValidationError

from wattshed.config.sentences import sentence
from wattshed.config.study import Study


def said(config, change):
    """The sentence about ``config`` after ``change`` was applied to a copy of it; fails if the copy is accepted."""
    given = copy.deepcopy(config)
    change(given)
    with pytest.raises(ValidationError) as caught:
        Study.model_validate_json(json.dumps(given))
    return sentence(caught.value, "study.yaml", Study, given)

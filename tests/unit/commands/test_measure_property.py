"""Generated command lines, environments and folders: no traceback, no hang, no lost exit code."""

import itertools

from hypothesis import HealthCheck, given, settings

from made_command_lines import CASES, measure_problem

NUMBERS = itertools.count()


@given(CASES)
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
def test_any_command_line_keeps_its_exit_code_or_is_refused_in_a_sentence(tmp_path_factory, case):
    assert measure_problem(case, tmp_path_factory.mktemp(f"case{next(NUMBERS)}")) is None

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hand_made_profile import hand_made_profile, study_with
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.law.operations.operation import Direction, Kind, Operation
from wattshed.law.predicting.model import predict_model, step_operations
from wattshed.law.predicting.plan import PanelSizes
from wattshed.law.predicting.step import by_kind, predict_pass, predict_step, updated_bytes

PANEL = PanelSizes(17, 8760, 129)
PROFILE = hand_made_profile()
MODELS = sorted(study_with().models)


@pytest.fixture(scope="module")
def study():
    return study_with()


@pytest.mark.parametrize("name", MODELS)
def test_every_model_of_the_default_study_is_predicted(study, name):
    found = predict_model(study, name, PANEL, PROFILE)
    for cost in (found.step, found.epoch, found.training):
        assert cost.time_low_s <= cost.time_s <= cost.time_high_s
        assert cost.energy_low_j <= cost.energy_j <= cost.energy_high_j
        assert cost.energy_j == pytest.approx(10 * cost.time_s)
    solved_j = found.closed_form.energy_j if found.closed_form else 0.0
    assert found.training.energy_j == pytest.approx(found.epochs * found.epoch.energy_j + solved_j)
    assert found.training.energy_j > 0
    # The validation part costs something beside the steps.
    assert (found.epoch.energy_j > found.steps_per_epoch * found.step.energy_j) == (found.epochs > 0)


def test_a_step_is_the_sum_of_its_laws():
    operations = (
        Operation(Kind.LINEAR, 1e6, 10.0, calls=3),
        Operation(Kind.OPTIMISER, 1e5, 4e6, direction=Direction.UPDATE),
    )
    linear_s, update_s = 3 * (1e-5 + 1e-4), 1e-5 + 1e-5
    assert by_kind(operations, PROFILE) == pytest.approx({Kind.LINEAR: linear_s, Kind.OPTIMISER: update_s})
    assert updated_bytes(operations) == 4e6
    whole = 1e-3 + 1.1 * (linear_s + update_s) + 5e-11 * 4e6
    assert predict_step(operations, PROFILE).time_s == pytest.approx(whole)
    assert predict_pass(operations, PROFILE).time_s == pytest.approx(whole - 1e-3)
    assert predict_step((), PROFILE).time_s == predict_pass((), PROFILE).energy_j == 0


def test_power_is_that_of_the_kinds_by_their_time():
    profile = hand_made_profile(power_w={"default": 10.0, "linear": 30.0})
    both = (Operation(Kind.LINEAR, 1e6, 1.0), Operation(Kind.SOFTMAX, 1e6, 1.0))
    cost = predict_pass(both, profile)
    assert cost.energy_j == pytest.approx(20 * cost.time_s)


@settings(max_examples=25, deadline=None)
@given(st.integers(8, 200), st.integers(1, 150), st.sampled_from(["gru", "stgnn"]))
def test_larger_networks_and_batches_never_cost_less(hidden, more, form):
    study = study_with()
    block, recipe = study.models[form], study.recipe_of(form)

    def cost(hidden, batch):
        changed = study.model_copy(
            update={
                "models": {form: block.model_copy(update={"hidden": hidden})},
                "recipes": {block.recipe: recipe.model_copy(update={"batch": batch})},
                "ladder": None,
            }
        )
        return predict_model(changed, form, PANEL, PROFILE).step.energy_j

    assert cost(hidden, 64) < cost(hidden + more, 64)
    assert cost(hidden, 64) < cost(hidden, 64 + more)


def test_a_larger_panel_never_costs_less(study):
    for name in study.models:
        small = predict_model(study, name, PANEL, PROFILE).training.energy_j
        assert small <= predict_model(study, name, PanelSizes(40, 8760, 300), PROFILE).training.energy_j
        assert small <= predict_model(study, name, PanelSizes(17, 20_000, 129), PROFILE).training.energy_j


def test_grams_are_known_where_the_place_is(study):
    found = predict_model(study, "gru", PANEL, PROFILE)
    energy = study.energy.model_copy(update={"country_iso": "unknown", "region": None})
    unknown = predict_model(study.model_copy(update={"energy": energy}), "gru", PANEL, PROFILE)
    # Between clean and dirty grids: 10 to 1000 g/kWh.
    assert 10 < found.mass_g_per_j * 3.6e6 < 1000
    assert unknown.mass_g_per_j is None


def test_an_operation_without_a_law_is_named(study):
    laws = {key: law for key, law in PROFILE.laws.items() if key[0] != Kind.GRU_HIDDEN_GATES}
    with pytest.raises(
        Fault, match=r"no law for the operation gru_hidden_gates forward: the profile of a processor"
    ):
        predict_model(study, "gru", PANEL, replace(PROFILE, laws=laws))


def test_a_family_that_counts_nothing_has_no_law(study, monkeypatch):
    family = replace(plugins.load("family", "gru"), count=None, count_fit=None)
    load = plugins.load
    monkeypatch.setattr(
        plugins,
        "load",
        lambda table, name: family if (table, name) == ("family", "gru") else load(table, name),
    )
    with pytest.raises(Fault, match=r"no law for models.gru: its family gru does not count its operations"):
        predict_model(study, "gru", PANEL, PROFILE)


def test_an_unknown_model_is_refused(study):
    for predict in (predict_model, step_operations):
        with pytest.raises(Fault, match=r"models has no 'gur': expected one of .*gru"):
            predict(study, "gur", PANEL, PROFILE)


def test_half_precision_has_no_law(study):
    block = study.models["gru"]
    recipe = study.recipe_of("gru").model_copy(update={"precision": "bf16"})
    changed = study.model_copy(update={"recipes": {**study.recipes, block.recipe: recipe}})
    with pytest.raises(Fault, match="precision is bf16"):
        predict_model(changed, "gru", PANEL, PROFILE)


def test_predicting_imports_neither_torch_nor_pandas_nor_scipy():
    program = (
        "import json, sys\n"
        "sys.path.insert(0, 'tests/helpers')\n"
        "from hand_made_profile import hand_made_profile, study_with\n"
        "from wattshed.law.predicting.model import predict_model\n"
        "from wattshed.law.predicting.plan import panel_sizes\n"
        "from wattshed.law.predicting.after_epoch import corrected\n"
        "study = study_with()\n"
        "found = [predict_model(study, name, panel_sizes(study, None), hand_made_profile()) for name in study.models]\n"
        "print(json.dumps([len(found), [m for m in ('torch', 'pandas', 'scipy', 'sklearn') if m in sys.modules]]))"
    )
    root = Path(__file__).resolve().parents[4]
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert json.loads(ran.stdout) == [len(MODELS), []]

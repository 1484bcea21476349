"""A training step: what follows from forward operations, and what a recipe adds."""

from collections import Counter

import pytest

from model_blocks import model_block
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.forecast.families.family import forward_pass_of
from wattshed.foundation.faults import Fault
from wattshed.law.operations.operation import Direction, Kind
from wattshed.law.operations.products import linear
from wattshed.law.operations.sizes import batch_sizes
from wattshed.law.operations.tokens import TokenSizes, token_training_step
from wattshed.law.operations.training import training_step, with_backward
from wattshed.law.operations.updates import adamw, clipping, weight_average

WINDOWS = WindowsBlock(look_back_h=24, horizon_h=6)


def recipe_of(**keys):
    plain = {"sampling": "pairs", "batch": 64, "epochs": 1, "learning_rate": 1e-3, "schedule": "cosine"}
    return RecipeBlock(**{**plain, "scaling": "node", **keys})


def step_of(form="gru", engine="torch", recipe=None, **keys):
    recipe = recipe or recipe_of()
    batch = batch_sizes(WINDOWS, recipe, 9, 30, engine)
    return training_step(forward_pass_of(model_block(form, **keys), batch), recipe, batch)


def of_kind(operations, kind):
    return [one for one in operations if one.kind == kind]


def test_the_backward_pass_has_each_product_twice_and_once_where_its_input_is_data():
    first, second = linear(8, 3, 4, input_gradient=False), linear(8, 4, 2)
    found = with_backward([first, second])
    assert [one.direction for one in found] == [Direction.FORWARD] * 2 + [Direction.BACKWARD] * 2
    assert [one.flops for one in found] == [2 * 8 * 3 * 4, 2 * 8 * 4 * 2, 2 * 2 * 8 * 4 * 2, 2 * 8 * 3 * 4]
    assert not any(one.has_backward for one in found[2:])


def test_a_solved_product_has_no_backward_pass():
    assert len(with_backward([linear(8, 3, 4, input_gradient=False, learned=False)])) == 1


def test_a_step_has_loss_clipping_and_update_after_its_passes():
    step = step_of()
    assert [one.kind for one in step[-2:]] == [Kind.CLIPPING, Kind.OPTIMISER]
    assert [one.direction for one in of_kind(step, Kind.LOSS)] == [Direction.FORWARD, Direction.BACKWARD]
    assert step[0].kind == Kind.BATCH
    assert not any(one.has_backward for one in step if one.direction != Direction.FORWARD)
    # The order of the backward pass is the reverse one: it begins with the loss.
    backward = [one for one in step if one.direction == Direction.BACKWARD]
    assert backward[0].kind == Kind.LOSS


def test_a_kernels_pass_is_counted_once_with_its_loss():
    step = step_of("stgnn", "fused_cpu", linear_part=True, node_table=True)
    fused = of_kind(step, Kind.FUSED_RECURRENCE)
    assert [one.direction for one in fused] == [Direction.BACKWARD]
    batch = batch_sizes(WINDOWS, recipe_of(), 9, 30, "fused_cpu")
    forward = forward_pass_of(model_block("stgnn", linear_part=True, node_table=True), batch)
    (alone,) = of_kind(forward.operations, Kind.FUSED_RECURRENCE)
    assert fused[0].flops == alone.flops + alone.backward_flops
    assert alone.direction == Direction.FORWARD
    assert of_kind(step, Kind.LOSS) == []
    # What torch adds to the lift comes before the kernel, and its gradients after it.
    place = step.index(fused[0])
    tables = [step.index(one) for one in of_kind(step, Kind.EMBEDDING)]
    assert tables[0] < place < tables[1]
    assert of_kind(step, Kind.GRU_HIDDEN_GATES) == []


def test_accumulated_batches_are_counted_before_one_update():
    once, twice = (step_of(recipe=recipe_of(accumulate=count)) for count in (1, 2))
    update = [one for one in twice if one.direction == Direction.UPDATE]
    assert update == [one for one in once if one.direction == Direction.UPDATE]
    passes = [sum(one.calls for one in step if one.direction != Direction.UPDATE) for step in (once, twice)]
    assert passes[1] == 2 * passes[0]


def test_averaged_weights_are_one_more_update():
    plain, averaged = step_of(), step_of(recipe=recipe_of(ema_decay=0.9))
    (added,) = Counter(averaged) - Counter(plain)
    (update,) = of_kind(plain, Kind.OPTIMISER)
    assert added == weight_average(update.flops // 14, update.tensors)


def test_a_sampled_graph_is_drawn_in_each_step():
    recipes = [recipe_of(sampling="windows", batch=2, edge_keep_share=share) for share in (1.0, 0.5)]
    drawn = [of_kind(step_of("stgnn_reference", recipe=one), Kind.BATCH)[0].flops for one in recipes]
    # Of 30 edges 9 are self loops, which stay: 20 of all, rounded to the even one.
    assert drawn[1] - drawn[0] == 3 * 30 + 2 * 20


def test_half_precision_and_closed_forms_are_refused():
    with pytest.raises(Fault, match="precision is bf16, but laws of time are measured in fp32"):
        step_of(recipe=recipe_of(precision="bf16"))
    with pytest.raises(Fault, match="no trained weights, as a closed form has none"):
        step_of("pooled_ridge")


def test_clipping_and_adamw_count_by_weights_and_tensors():
    assert (clipping(100, 4).flops, adamw(100, 4).flops) == (300, 1400)
    assert (clipping(100, 4).bytes_moved, adamw(100, 4).bytes_moved) == (1200, 2800)
    assert adamw(100, 4).tensors == 4
    with pytest.raises(ValueError, match="parameters is 0"):
        adamw(0, 1)
    with pytest.raises(ValueError, match="5 tensors have 4 weights"):
        clipping(4, 5)


def test_a_token_level_step_is_two_thirds_backward():
    step = token_training_step("transformer", TokenSizes(4, 16, 32, 2, 4, 64, 128))
    products = [one for one in step if one.inner > 1]
    flops = {
        way: sum(one.step_flops for one in products if one.direction == way)
        for way in (Direction.FORWARD, Direction.BACKWARD)
    }
    assert flops[Direction.BACKWARD] == 2 * flops[Direction.FORWARD]
    assert of_kind(step, Kind.QKV)[0].calls == 2

"""The fused model as Triton kernels: lift, GRU, output and loss of a block of samples in one program.

Only imported by ``fused_cuda``, and late, because it needs Triton. Names of sizes: HIDDEN, LIFT (the lift's channels)
and HORIZON are the model's; PAD, PAD_LIFT and PAD_OUT the powers of two that hold them (16 at least, what a block
product takes); BLOCK the samples of one program. Padded units have zero weights, so they and their gradients stay zero.
Pointers are to contiguous float32, except for node and origin (int64), slot (int32) and mask (uint8).

Nothing is added atomically: a program keeps its own sums and tables, so that the same call gives the same bytes.
"""

import triton
import triton.language as tl

from wattshed.engine.gpu.triton_cells import (
    add_to_table,
    drop,
    gates,
    lift,
    put_gate_weight,
    read_biases,
    read_matrices,
    vector,
)

# Not specialised: Triton would compile a kernel for each value of dropout's key and threshold.
ARBITRARY = ["samples", "hours", "key_u", "key_h", "key_y", "least_u", "least_h", "least_y"]


@triton.jit(do_not_specialize=ARBITRARY)
def forecast_kernel(
    own: tl.tensor,
    aggregate: tl.tensor,
    node: tl.tensor,
    origin: tl.tensor,
    slot: tl.tensor,
    w_own: tl.tensor,
    w_agg: tl.tensor,
    base: tl.tensor,
    calendar: tl.tensor,
    weight_ih: tl.tensor,
    weight_hh: tl.tensor,
    bias_ih: tl.tensor,
    bias_hh: tl.tensor,
    w_out: tl.tensor,
    b_out: tl.tensor,
    forecast: tl.tensor,
    samples: tl.tensor,
    hours: tl.tensor,
    key_u: tl.tensor,
    key_h: tl.tensor,
    key_y: tl.tensor,
    least_u: tl.tensor,
    least_h: tl.tensor,
    least_y: tl.tensor,
    scale_u: tl.tensor,
    scale_h: tl.tensor,
    scale_y: tl.tensor,
    LOOK_BACK: tl.constexpr,
    LIFT: tl.constexpr,
    HIDDEN: tl.constexpr,
    HORIZON: tl.constexpr,
    PAD_LIFT: tl.constexpr,
    PAD: tl.constexpr,
    PAD_OUT: tl.constexpr,
    BLOCK: tl.constexpr,
    CALENDAR: tl.constexpr,
    DROPOUT: tl.constexpr,
    PRECISION: tl.constexpr,
) -> None:
    """One block of samples to forecast [samples, HORIZON]; nothing else leaves the program."""
    channels = tl.arange(0, PAD_LIFT)
    units = tl.arange(0, PAD)
    outs = tl.arange(0, PAD_OUT)
    sample = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    alive = sample < samples
    wide = alive[:, None] & (channels < LIFT)[None, :]
    matrices = read_matrices(weight_ih, weight_hh, channels, units, LIFT, HIDDEN)
    biases = read_biases(bias_ih, bias_hh, units, HIDDEN)
    own_weight = vector(w_own, channels, LIFT)
    agg_weight = vector(w_agg, channels, LIFT)
    row = tl.load(node + sample, mask=alive, other=0) * hours
    start = tl.load(origin + sample, mask=alive, other=LOOK_BACK) - LOOK_BACK
    of_node = tl.load(base + sample.to(tl.int64)[:, None] * LIFT + channels[None, :], mask=wide, other=0.0)

    h = tl.zeros([BLOCK, PAD], dtype=tl.float32)
    for step in range(LOOK_BACK):
        x = tl.load(own + row + start + step, mask=alive, other=0.0)
        a = tl.load(aggregate + row + start + step, mask=alive, other=0.0)
        lifted = lift(
            x,
            a,
            start + step,
            alive,
            channels,
            own_weight,
            agg_weight,
            of_node,
            calendar,
            slot,
            LIFT,
            CALENDAR,
        )
        u = tl.maximum(lifted, 0.0)
        if DROPOUT:
            cell = (sample.to(tl.uint32) * LOOK_BACK + step)[:, None]
            counter_u = cell * LIFT + channels.to(tl.uint32)[None, :]
            u *= drop(counter_u, key_u.to(tl.uint32), least_u.to(tl.uint32), scale_u)
        _r, z, n, _q = gates(u, h, matrices, biases, PRECISION)
        h = n + z * (h - n)
    if DROPOUT:
        counter_h = sample.to(tl.uint32)[:, None] * HIDDEN + units.to(tl.uint32)[None, :]
        h *= drop(counter_h, key_h.to(tl.uint32), least_h.to(tl.uint32), scale_h)
    inside = (units < HIDDEN)[:, None] & (outs < HORIZON)[None, :]
    to_out = tl.load(w_out + outs[None, :] * HIDDEN + units[:, None], mask=inside, other=0.0)
    result = tl.dot(h, to_out, input_precision=PRECISION) + vector(b_out, outs, HORIZON)[None, :]
    if DROPOUT:
        counter_y = sample.to(tl.uint32)[:, None] * HORIZON + outs.to(tl.uint32)[None, :]
        result *= drop(counter_y, key_y.to(tl.uint32), least_y.to(tl.uint32), scale_y)
    place = forecast + sample.to(tl.int64)[:, None] * HORIZON + outs[None, :]
    tl.store(place, result, mask=alive[:, None] & (outs < HORIZON)[None, :])


@triton.jit(do_not_specialize=ARBITRARY)
def train_kernel(
    own: tl.tensor,
    aggregate: tl.tensor,
    node: tl.tensor,
    origin: tl.tensor,
    slot: tl.tensor,
    w_own: tl.tensor,
    w_agg: tl.tensor,
    base: tl.tensor,
    calendar: tl.tensor,
    weight_ih: tl.tensor,
    weight_hh: tl.tensor,
    bias_ih: tl.tensor,
    bias_hh: tl.tensor,
    w_out: tl.tensor,
    b_out: tl.tensor,
    target: tl.tensor,
    mask: tl.tensor,
    share: tl.tensor,
    states: tl.tensor,
    partial: tl.tensor,
    base_gradient: tl.tensor,
    tables: tl.tensor,
    samples: tl.tensor,
    hours: tl.tensor,
    key_u: tl.tensor,
    key_h: tl.tensor,
    key_y: tl.tensor,
    least_u: tl.tensor,
    least_h: tl.tensor,
    least_y: tl.tensor,
    scale_u: tl.tensor,
    scale_h: tl.tensor,
    scale_y: tl.tensor,
    SLOTS: tl.constexpr,
    SUMS: tl.constexpr,
    LOOK_BACK: tl.constexpr,
    LIFT: tl.constexpr,
    HIDDEN: tl.constexpr,
    HORIZON: tl.constexpr,
    PAD_LIFT: tl.constexpr,
    PAD: tl.constexpr,
    PAD_OUT: tl.constexpr,
    BLOCK: tl.constexpr,
    CALENDAR: tl.constexpr,
    DROPOUT: tl.constexpr,
    HUBER: tl.constexpr,
    PRECISION: tl.constexpr,
) -> None:
    """Loss and all gradients: each program takes every n-th block, n the number of programs, forward and then backward.

    share [1]: one over the observed cells. Kept from the forward pass: the states [programs, LOOK_BACK, BLOCK,
    PAD], overwritten by the program's next block; the rest is computed again. Out: partial [programs, SUMS], the
    sums for w_own, w_agg, weight_ih, weight_hh, bias_ih, bias_hh, w_out, b_out and the loss, one after the other;
    base_gradient [samples, LIFT]; tables [programs, SLOTS, LIFT], zero before.
    """
    program = tl.program_id(0)
    channels = tl.arange(0, PAD_LIFT)
    units = tl.arange(0, PAD)
    outs = tl.arange(0, PAD_OUT)
    lanes = tl.arange(0, BLOCK)
    matrices = read_matrices(weight_ih, weight_hh, channels, units, LIFT, HIDDEN)
    biases = read_biases(bias_ih, bias_hh, units, HIDDEN)
    ir, iz, ig, hr, hz, hg = matrices
    own_weight = vector(w_own, channels, LIFT)
    agg_weight = vector(w_agg, channels, LIFT)
    inside = (units < HIDDEN)[:, None] & (outs < HORIZON)[None, :]
    to_out = tl.load(w_out + outs[None, :] * HIDDEN + units[:, None], mask=inside, other=0.0)
    one_share = tl.load(share)
    kept = states + program.to(tl.int64) * (LOOK_BACK * BLOCK * PAD) + lanes[:, None] * PAD + units[None, :]
    table = tables + program.to(tl.int64) * (SLOTS * LIFT)

    d_ir = tl.zeros([PAD_LIFT, PAD], dtype=tl.float32)
    d_iz = tl.zeros([PAD_LIFT, PAD], dtype=tl.float32)
    d_ig = tl.zeros([PAD_LIFT, PAD], dtype=tl.float32)
    d_hr = tl.zeros([PAD, PAD], dtype=tl.float32)
    d_hz = tl.zeros([PAD, PAD], dtype=tl.float32)
    d_hg = tl.zeros([PAD, PAD], dtype=tl.float32)
    d_out = tl.zeros([PAD, PAD_OUT], dtype=tl.float32)
    d_br = tl.zeros([PAD], dtype=tl.float32)
    d_bz = tl.zeros([PAD], dtype=tl.float32)
    d_big = tl.zeros([PAD], dtype=tl.float32)
    d_bhg = tl.zeros([PAD], dtype=tl.float32)
    d_own = tl.zeros([PAD_LIFT], dtype=tl.float32)
    d_agg = tl.zeros([PAD_LIFT], dtype=tl.float32)
    d_b_out = tl.zeros([PAD_OUT], dtype=tl.float32)
    loss = tl.zeros([BLOCK], dtype=tl.float32)

    for block in range(program, tl.cdiv(samples, BLOCK), tl.num_programs(0)):
        sample = block * BLOCK + lanes
        alive = sample < samples
        wide = alive[:, None] & (channels < LIFT)[None, :]
        long_sample = sample.to(tl.int64)[:, None]
        row = tl.load(node + sample, mask=alive, other=0) * hours
        start = tl.load(origin + sample, mask=alive, other=LOOK_BACK) - LOOK_BACK
        of_node = tl.load(base + long_sample * LIFT + channels[None, :], mask=wide, other=0.0)

        h = tl.zeros([BLOCK, PAD], dtype=tl.float32)
        for step in range(LOOK_BACK):
            tl.store(kept + step * (BLOCK * PAD), h)
            x = tl.load(own + row + start + step, mask=alive, other=0.0)
            a = tl.load(aggregate + row + start + step, mask=alive, other=0.0)
            lifted = lift(
                x,
                a,
                start + step,
                alive,
                channels,
                own_weight,
                agg_weight,
                of_node,
                calendar,
                slot,
                LIFT,
                CALENDAR,
            )
            u = tl.maximum(lifted, 0.0)
            if DROPOUT:
                cell = (sample.to(tl.uint32) * LOOK_BACK + step)[:, None]
                counter_u = cell * LIFT + channels.to(tl.uint32)[None, :]
                u *= drop(counter_u, key_u.to(tl.uint32), least_u.to(tl.uint32), scale_u)
            _r, z, n, _q = gates(u, h, matrices, biases, PRECISION)
            h = n + z * (h - n)
        # Another thread may read what one thread stored.
        tl.debug_barrier()

        cells = alive[:, None] & (outs < HORIZON)[None, :]
        wanted = tl.load(target + long_sample * HORIZON + outs[None, :], mask=cells, other=0.0)
        seen = tl.load(mask + long_sample * HORIZON + outs[None, :], mask=cells, other=0) != 0
        head = h
        if DROPOUT:
            counter_h = sample.to(tl.uint32)[:, None] * HIDDEN + units.to(tl.uint32)[None, :]
            drop_h = drop(counter_h, key_h.to(tl.uint32), least_h.to(tl.uint32), scale_h)
            head = h * drop_h
        result = tl.dot(head, to_out, input_precision=PRECISION) + vector(b_out, outs, HORIZON)[None, :]
        if DROPOUT:
            counter_y = sample.to(tl.uint32)[:, None] * HORIZON + outs.to(tl.uint32)[None, :]
            drop_y = drop(counter_y, key_y.to(tl.uint32), least_y.to(tl.uint32), scale_y)
            result *= drop_y
        error = result - wanted
        if HUBER:
            size = tl.abs(error)
            cost = tl.where(size < 1.0, 0.5 * error * error, size - 0.5)
            slope = tl.minimum(tl.maximum(error, -1.0), 1.0)
        else:
            cost = error * error
            slope = 2.0 * error
        # The target of an unobserved cell may be NaN: it is replaced, not multiplied by zero.
        loss += tl.sum(tl.where(seen, cost, 0.0), axis=1) * one_share
        d_result = tl.where(seen, slope, 0.0) * one_share
        if DROPOUT:
            d_result *= drop_y
        d_b_out += tl.sum(d_result, axis=0)
        d_out += tl.dot(tl.trans(head), d_result, input_precision=PRECISION)
        dh = tl.dot(d_result, tl.trans(to_out), input_precision=PRECISION)
        if DROPOUT:
            dh *= drop_h

        d_node = tl.zeros([BLOCK, PAD_LIFT], dtype=tl.float32)
        for back in range(LOOK_BACK):
            step = LOOK_BACK - 1 - back
            x = tl.load(own + row + start + step, mask=alive, other=0.0)
            a = tl.load(aggregate + row + start + step, mask=alive, other=0.0)
            lifted = lift(
                x,
                a,
                start + step,
                alive,
                channels,
                own_weight,
                agg_weight,
                of_node,
                calendar,
                slot,
                LIFT,
                CALENDAR,
            )
            h = tl.load(kept + step * (BLOCK * PAD))
            u = tl.maximum(lifted, 0.0)
            if DROPOUT:
                cell = (sample.to(tl.uint32) * LOOK_BACK + step)[:, None]
                counter_u = cell * LIFT + channels.to(tl.uint32)[None, :]
                drop_u = drop(counter_u, key_u.to(tl.uint32), least_u.to(tl.uint32), scale_u)
                u *= drop_u
            r, z, n, q = gates(u, h, matrices, biases, PRECISION)
            dg = dh * (1.0 - z) * (1.0 - n * n)
            dz = dh * (h - n) * z * (1.0 - z)
            dr = dg * q * r * (1.0 - r)
            dq = dg * r
            d_br += tl.sum(dr, axis=0)
            d_bz += tl.sum(dz, axis=0)
            d_big += tl.sum(dg, axis=0)
            d_bhg += tl.sum(dq, axis=0)
            turned = tl.trans(u)
            d_ir += tl.dot(turned, dr, input_precision=PRECISION)
            d_iz += tl.dot(turned, dz, input_precision=PRECISION)
            d_ig += tl.dot(turned, dg, input_precision=PRECISION)
            turned = tl.trans(h)
            d_hr += tl.dot(turned, dr, input_precision=PRECISION)
            d_hz += tl.dot(turned, dz, input_precision=PRECISION)
            d_hg += tl.dot(turned, dq, input_precision=PRECISION)
            dh *= z
            dh += tl.dot(dr, tl.trans(hr), input_precision=PRECISION)
            dh += tl.dot(dz, tl.trans(hz), input_precision=PRECISION)
            dh += tl.dot(dq, tl.trans(hg), input_precision=PRECISION)
            du = tl.dot(dr, tl.trans(ir), input_precision=PRECISION)
            du += tl.dot(dz, tl.trans(iz), input_precision=PRECISION)
            du += tl.dot(dg, tl.trans(ig), input_precision=PRECISION)
            if DROPOUT:
                du *= drop_u
            du = tl.where(lifted > 0.0, du, 0.0)
            d_own += tl.sum(du * x[:, None], axis=0)
            d_agg += tl.sum(du * a[:, None], axis=0)
            d_node += du
            if CALENDAR:
                add_to_table(table, slot, start + step, alive, channels, du, LIFT, BLOCK)
        tl.store(base_gradient + long_sample * LIFT + channels[None, :], d_node, mask=wide)
        # The next block overwrites the states.
        tl.debug_barrier()

    one = units < HIDDEN
    sums = partial + program.to(tl.int64) * SUMS
    tl.store(sums + channels, d_own, mask=channels < LIFT)
    tl.store(sums + LIFT + channels, d_agg, mask=channels < LIFT)
    sums += 2 * LIFT
    put_gate_weight(sums, d_ir, 0, channels, units, LIFT, HIDDEN)
    put_gate_weight(sums, d_iz, 1, channels, units, LIFT, HIDDEN)
    put_gate_weight(sums, d_ig, 2, channels, units, LIFT, HIDDEN)
    sums += 3 * HIDDEN * LIFT
    put_gate_weight(sums, d_hr, 0, units, units, HIDDEN, HIDDEN)
    put_gate_weight(sums, d_hz, 1, units, units, HIDDEN, HIDDEN)
    put_gate_weight(sums, d_hg, 2, units, units, HIDDEN, HIDDEN)
    sums += 3 * HIDDEN * HIDDEN
    tl.store(sums + units, d_br, mask=one)
    tl.store(sums + HIDDEN + units, d_bz, mask=one)
    tl.store(sums + 2 * HIDDEN + units, d_big, mask=one)
    sums += 3 * HIDDEN
    tl.store(sums + units, d_br, mask=one)
    tl.store(sums + HIDDEN + units, d_bz, mask=one)
    tl.store(sums + 2 * HIDDEN + units, d_bhg, mask=one)
    sums += 3 * HIDDEN
    tl.store(sums + outs[None, :] * HIDDEN + units[:, None], d_out, mask=inside)
    sums += HORIZON * HIDDEN
    tl.store(sums + outs, d_b_out, mask=outs < HORIZON)
    tl.store(sums + HORIZON, tl.sum(loss))

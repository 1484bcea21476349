"""Known instants of many zones, written as files write them, are read back or refused."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.data.clock.zones import changes, labels_of, meanings, standard_offsets
from wattshed.foundation.faults import Fault
from written_times import fault_of, read, texts_of

# Changes in both halves of the year, at midnight, by half an hour, with "negative" summer time, and none.
ZONES = (
    "Europe/Madrid",
    "Europe/London",
    "Europe/Dublin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "Atlantic/Azores",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
)
HOUR_S, DAY_S = 3600, 86_400


@settings(deadline=None, max_examples=30)
@given(
    zone=st.sampled_from(ZONES),
    year=st.sampled_from([2014, 2017]),
    month=st.sampled_from([2, 3, 4, 10, 11]),
    length_s=st.sampled_from([900, 1800, 3600]),
    newest_first=st.booleans(),
    habit=st.sampled_from(["start", "shifted", "wall"]),
    nodes=st.sampled_from([None, 1, 2]),
)
def test_readings_in_order_are_read_back_or_refused(zone, year, month, length_s, newest_first, habit, nodes):
    seconds = np.datetime64(f"{year}-{month:02d}-01", "s").astype(int) + np.arange(0, 32 * DAY_S, length_s)
    labels = {
        "start": labels_of(seconds, zone),
        "shifted": labels_of(seconds, zone) + length_s,
        "wall": labels_of(seconds + length_s, zone),
    }[habit]
    if newest_first:
        seconds, labels = seconds[::-1], labels[::-1]
    node = None
    if nodes is not None:
        seconds, labels = np.repeat(seconds, nodes), np.repeat(labels, nodes)
        node = np.tile(np.arange(nodes, dtype=np.int32), len(seconds) // nodes)
    stamp = "start" if habit == "start" else "end"
    if zone == "Australia/Lord_Howe" and length_s == HOUR_S:
        # Its clock moves by half an hour, so that hours of the clock are no hours of time.
        return
    found = read(texts_of(labels), node=node, times_in=zone, stamp=stamp)
    assert found.kept.all()
    np.testing.assert_array_equal(found.seconds, seconds)


@settings(deadline=None, max_examples=12)
@given(
    zone=st.sampled_from(ZONES[:5] + ZONES[7:8]),
    year=st.sampled_from([2014, 2017]),
    length_s=st.sampled_from([1800, 3600]),
    dst=st.sampled_from(["doubled", "skipped", "none"]),
    stamp=st.sampled_from(["start", "end"]),
)
def test_files_with_24_hours_on_every_day_need_a_key_and_are_read_by_it(zone, year, length_s, dst, stamp):
    first, second = (np.datetime64(f"{year}-{month}", "s").astype(int) for month in ("03-01", "09-28"))
    labels = np.concatenate([start + np.arange(0, 44 * DAY_S, length_s) for start in (first, second)])
    cells = texts_of(labels + (length_s if stamp == "end" else 0))
    said = fault_of(cells, times_in=zone, stamp=stamp)
    assert "data.source.dst" in said
    found = read(cells, times_in=zone, stamp=stamp, dst=dst)
    truth = meanings(labels, zone)
    if dst == "none":
        np.testing.assert_array_equal(found.seconds, labels - standard_offsets(labels, zone)[1][0])
        return
    np.testing.assert_array_equal(found.kept, ~truth.absent)
    np.testing.assert_array_equal(found.seconds[found.kept], truth.first[found.kept])
    np.testing.assert_array_equal(
        found.doubled, truth.twice if dst == "doubled" else np.zeros(len(labels), bool)
    )
    assert truth.twice.sum() * length_s == HOUR_S


@settings(deadline=None, max_examples=80)
@given(data=st.data())
def test_files_with_lost_rows_are_never_read_wrong_in_silence(data):
    draw = data.draw
    zone, length_s = draw(st.sampled_from(ZONES[:8])), draw(st.sampled_from([900, 1800, 3600]))
    change = draw(
        st.sampled_from(changes(zone, *(np.datetime64(day, "s").astype(int) for day in ("2014", "2018"))))
    )
    first, count = draw(st.integers(-30, 4)), draw(st.integers(2, 60))
    seconds = change.at_s + length_s * np.arange(first, first + count)
    nodes = draw(st.integers(1, 2))
    seconds, node = np.repeat(seconds, nodes), np.tile(np.arange(nodes, dtype=np.int32), count)
    lost = np.random.default_rng(draw(st.integers(0, 99))).random(len(seconds)) < draw(
        st.sampled_from([0, 0.1, 0.5])
    )
    lost[0] = False
    order = np.lexsort(
        draw(st.sampled_from([(node, seconds), (node, -seconds), (seconds, node), (-seconds, node)]))
    )
    order = order[~lost[order]]
    seconds, node = seconds[order], node[order]
    labels, numbers, rules = labels_of(seconds, zone), None, {}
    habit = draw(st.sampled_from(["start", "shifted", "wall", "elapsed", "clock"]))
    if habit in ("shifted", "wall"):
        labels = labels + length_s if habit == "shifted" else labels_of(seconds + length_s, zone)
        # What is left of a file need not tell how long a reading is.
        rules = {"stamp": "end", "resolution_s": length_s}
    elif habit != "start":
        day = labels // DAY_S * DAY_S
        midnight = meanings(day, zone)
        if midnight.absent.any():
            return
        numbers = 1 + (seconds - midnight.first if habit == "elapsed" else labels - day) // length_s
        labels, rules = day, {"number_minutes": length_s // 60, "hours_from": 1}
    try:
        found = read(texts_of(labels), numbers=numbers, node=node, times_in=zone, **rules)
    except Fault:
        return
    np.testing.assert_array_equal(found.seconds[found.kept], seconds[found.kept])
    assert bool(found.notes) is not bool(found.kept.all())

"""The first screen of the report: answers, and how far they can be trusted."""

import json
import re

import numpy as np
import pandas as pd

from shown_parts import TABLES, embedded
from wattshed.publish.report.page import render_report
from wattshed.publish.sentences.answers import answers
from wattshed.publish.sentences.outcomes import section_sentences
from wattshed.publish.sentences.trust import knowledge, trust_lines


def test_the_answers_name_the_best_the_cheapest_and_the_price_of_the_last_percent(inputs):
    said = {answer.question: answer.sentence for answer in answers(inputs)}
    best, cheapest, percent = said.values()
    assert best.startswith("ridge (chosen on validation): test RMSE 0.")
    assert re.search(r"lower than the best naive model, climatology \(better\)", best)
    assert re.search(r"Of the 9 others the test part finds .*worse", best)
    assert "ridge" in cheapest
    assert percent.startswith("Nothing: no cheaper model on the front is useful")


def test_the_last_percent_is_the_last_step_of_the_front(inputs):
    days = inputs.frame("days").copy()
    days.loc[days["model"] == "stgnn", "squared"] *= 0.8
    percent = answers(inputs.replacing(days=days))[2].sentence
    assert percent.startswith("From ridge to stgnn, the last step of the front: RMSE ")
    assert re.search(r"% \[[\d., -]+\] lower \((better|cannot be distinguished)\) for [\d.]+ J more", percent)


def test_each_technique_is_better_undecided_or_worse(inputs):
    said = section_sentences(inputs)
    text = " ".join(said["adaptation"])
    assert re.search(r"(Better than no update|Undecided|Worse than no update): .*stgnn\+replay \(-", text)
    assert any("pay" in sentence for sentence in said["chains"])
    assert said["clocks"][0].startswith("Simulated result:")
    assert "5.0%" not in said["clocks"][0]
    assert any("yearly mix 2023, ESP" in sentence for sentence in said["stages"])


def test_variants_that_are_worth_it_come_first(inputs):
    frame = inputs.frame("compression")
    one = frame["variant"].drop_duplicates().iloc[1]
    undecided = frame.assign(verdict=frame["verdict"].where(frame["variant"] != one, "undecided"))
    said = section_sentences(inputs.replacing(compression=undecided))["compression"]
    heads = [sentence.split(":")[0] for sentence in said]
    assert heads == ["Worth it here", "Undecided", "Not worth it here", "Not available here"]
    assert one in said[1]


def test_nothing_is_claimed_to_be_measured_without_a_sensor(inputs):
    said = " ".join(knowledge(inputs))
    assert "No energy in this report was measured" in said
    assert "GPU energy is missing" in said
    assert "clock sweep is simulated" in said
    assert "panel is synthetic" in said


def test_a_measured_gpu_is_called_measured(inputs):
    runs = inputs.frame("runs").assign(gpu_kwh=1e-4, gpu_status="measured", gpu_source="nvml energy counter")
    said = " ".join(knowledge(inputs.replacing(runs=runs)))
    assert "GPU energy is measured (nvml energy counter)" in said
    assert "No energy in this report was measured" not in said


def used(inputs, **columns):
    """The study's runs, all with 9 s of their own in 10 s; columns replace these."""
    runs = inputs.frame("runs")
    base = {"own_cpu_s": 9.0, "others_cpu_s": 0.1, "duration_s": 10.0}
    return inputs.replacing(runs=runs.assign(**{**base, **columns}))


def first_where(runs, value, otherwise):
    return [value] + [otherwise] * (len(runs) - 1)


def test_the_first_screen_says_which_share_of_the_jobs_was_alone(inputs):
    runs = inputs.frame("runs")
    n = len(runs)
    assert f"All {n} jobs had the machine to themselves" in knowledge(used(inputs))[1]
    beside = used(inputs, others_cpu_s=first_where(runs, 9.0, 0.1))
    said = " ".join(knowledge(beside))
    assert f"Only {n - 1} of {n} jobs had the machine to themselves." in said
    assert f"{runs['job'].iloc[0]} ({runs['stage'].iloc[0]}, 50 %)" in said
    partly = used(inputs, others_cpu_s=first_where(runs, float("nan"), 0.1))
    said = " ".join(knowledge(partly))
    assert f"All {n - 1} jobs of which it is known had the machine to themselves" in said
    assert "Of 1 jobs it is not known." in said
    assert f"{n - 1} of {n} jobs ({100 * (n - 1) / n:.0f} %) had the machine" in " ".join(trust_lines(beside))
    assert "It is not known whether other programs" in " ".join(
        knowledge(used(inputs, own_cpu_s=float("nan")))
    )
    shared = used(inputs, gpu_kwh=1e-4, machine_gpu_kwh=first_where(runs, 1e-3, 1e-4))
    assert f"Only {n - 1} of {n} jobs" in " ".join(knowledge(shared))


def test_the_first_screen_names_the_constants_and_their_sources(inputs):
    constants = json.dumps({"core_w": {"value": 4.0, "unit": "W per busy core", "source": "a table"}})
    said = " ".join(knowledge(inputs.replacing(runs=inputs.frame("runs").assign(constants=constants))))
    assert "Constants of the estimates: 4 W per busy core (a table)." in said
    first = trust_lines(inputs.replacing(runs=inputs.frame("runs").assign(constants=constants)))[0]
    assert "estimated from 4 W per busy core" in first


def test_lower_bounds_are_named_with_their_reasons_and_say_at_least(inputs):
    runs = inputs.frame("runs")
    whole = runs.assign(gpu_unread=False, truncated=False)
    assert "at least" not in " ".join(section_sentences(inputs.replacing(runs=whole))["stages"])
    assert not any(
        sentence.startswith("Lower bounds") for sentence in knowledge(inputs.replacing(runs=whole))
    )
    unread = whole.assign(gpu_unread=first_where(runs, True, False), truncated=first_where(runs, True, False))
    there = inputs.replacing(runs=unread)
    assert any(
        sentence.startswith(
            f"Lower bounds: GPU not metered in 1 of {len(runs)} jobs; killed in 1 of {len(runs)} jobs."
        )
        for sentence in knowledge(there)
    )
    assert section_sentences(there)["stages"][0].startswith("The jobs of the study took at least")
    assert "Some energies are lower bounds." in trust_lines(there)


def test_the_first_screen_says_how_much_of_the_time_was_metered(inputs):
    runs = inputs.frame("runs")
    apart = pd.Timestamp("2026-01-05T08:00Z") + pd.to_timedelta(np.arange(len(runs)) * 20, unit="s")
    spaced = runs.assign(last_began_utc=[moment.isoformat() for moment in apart], last_duration_s=15.0)
    said = " ".join(knowledge(inputs.replacing(runs=spaced)))
    share = 100 * 15 * len(runs) / (20 * len(runs) - 5)
    assert f"The meter saw {share:.0f} % of the time from the first job's start" in said
    assert "What starts the jobs" in said
    assert any(line.startswith("Metered: ") for line in trust_lines(inputs.replacing(runs=spaced)))


def test_jobs_without_a_factor_state_no_mass(inputs, figures):
    runs = inputs.frame("runs").assign(co2e_kg=np.nan, intensity_g_per_kwh=np.nan)
    page = render_report(inputs.replacing(runs=runs), TABLES, figures)
    assert "no factor known, so no mass is stated" in page
    assert embedded(page)["energy"]["total"]["co2e_kg"] is None

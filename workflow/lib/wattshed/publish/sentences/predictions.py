"""What was predicted before the trainings ran, how far off it was, and which simpler law was as good."""

import pandas as pd

from wattshed.accounts.predicted.compared import errors_by_model, standings
from wattshed.publish.typesetting.table import plain

RIVALS = {"affine": "the affine law", "roofline": "the roofline law"}
# A rival whose mean error is at most this much larger is called as good.
AS_GOOD_SHARE = 0.1


def prediction_sentences(compared: pd.DataFrame) -> list[str]:
    """Errors of steps, intervals, rivals and the correction after the first epoch.

    compared: ``law/predictions.parquet``.
    """
    frame = errors_by_model(compared)
    steps = frame[(frame["quantity"] == "step") & frame["error"].notna()]
    found = [_steps(steps), _rivals(compared)] if len(steps) else []
    trainings = frame[(frame["quantity"] == "training") & frame["error"].notna()]
    if len(trainings):
        found.append(_trainings(trainings))
    lacking = compared.loc[compared["why_none"].notna(), "model"].unique()
    if len(lacking):
        found.append(f"Without a prediction: {', '.join(map(str, lacking))}.")
    return found or ["No training has both a prediction and a measured energy."]


def _steps(steps: pd.DataFrame) -> str:
    largest = steps.sort_values("error").iloc[-1]
    sentence = (
        f"The energy of a training step was predicted with a mean error of {_percent(steps['error'].mean())} over "
        f"{_count(len(steps), 'model')}"
    )
    if len(steps) > 1:
        sentence += f" (largest: {largest['model']}, {_percent(largest['error'])})"
    seeds, inside = int(steps["n"].sum()), int(steps["inside"].sum())
    return f"{sentence}; {inside} of {_count(seeds, 'training')} lay within the 90 % interval."


def _rivals(compared: pd.DataFrame) -> str:
    """Each rival's error, and whether it was as good as the law."""
    errors = standings(compared)
    law = errors["law"]
    known = {name: errors[name] for name in RIVALS if name in errors}
    sentences = []
    if known:
        listed = " and ".join(f"{RIVALS[name]} errs by {_percent(error)}" for name, error in known.items())
        good = [RIVALS[name] for name, error in known.items() if error <= (1 + AS_GOOD_SHARE) * law]
        if good:
            judged = f"{' and '.join(good)} {'is' if len(good) == 1 else 'are'} as good"
        else:
            judged = "neither is as good" if len(known) > 1 else "it is not as good"
        sentences.append(f"On the same steps {listed}; {judged}.")
    if "time_power" in errors:
        sentences.append(
            f"Measured time × power, which needs the training to have run, errs by {_percent(errors['time_power'])}."
        )
    return " ".join(sentences)


def _trainings(trainings: pd.DataFrame) -> str:
    sentence = f"Whole trainings were predicted with a mean error of {_percent(trainings['error'].mean())}"
    after = trainings["after_error"].dropna()
    if len(after):
        sentence += f", and with {_percent(after.mean())} once their first epoch was known"
    return f"{sentence} ({_count(len(trainings), 'model')}, for as many epochs as ran)."


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _percent(share: float) -> str:
    return f"{plain(100 * share, 1)} %"

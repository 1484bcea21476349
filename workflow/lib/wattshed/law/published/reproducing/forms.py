"""Other forms of law that the older read-me's efficiencies may have been made with. None gives its printed digits."""

import math
from collections.abc import Callable, Mapping

from wattshed.law.published import readme_numbers as printed
from wattshed.law.published.parameters import README
from wattshed.law.published.readme_numbers import value_of

# Share of eta_max at c TFLOP, with k and alpha.
Form = Callable[[float, float, float], float]
FORMS: Mapping[str, Form] = {
    "(k c)^a / (1 + (k c)^a)": lambda c, k, a: (k * c) ** a / (1 + (k * c) ** a),
    "(c / (c + 1/k))^a": lambda c, k, a: (c / (c + 1 / k)) ** a,
    "1 - exp(-(k c)^a)": lambda c, k, a: -math.expm1(-((k * c) ** a)),
    "2/pi atan(k c^a)": lambda c, k, a: 2 / math.pi * math.atan(k * c**a),
    "(1 - exp(-k c))^a": lambda c, k, a: (-math.expm1(-k * c)) ** a,
    "tanh((k c)^a)": lambda c, k, a: math.tanh((k * c) ** a),
    "k c^a / (1 + k c^a)": lambda c, k, a: k * c**a / (1 + k * c**a),
    "1 - exp(-k c^a)": lambda c, k, a: -math.expm1(-k * c**a),
    "k c^a / sqrt(1 + (k c^a)^2)": lambda c, k, a: k * c**a / math.hypot(1, k * c**a),
    "tanh(k c^a)": lambda c, k, a: math.tanh(k * c**a),
    "erf(k c^a)": lambda c, k, a: math.erf(k * c**a),
    "c^a / (k + c^a)": lambda c, k, a: c**a / (k + c**a),
    "k c^a": lambda c, k, a: k * c**a,
}
STATED = "1 - exp(-k c^a)"


def form_errors() -> dict[str, list[float]]:
    """Relative errors of the six efficiencies by form, each against the printed one."""
    found = {}
    for name, form in FORMS.items():
        errors = []
        for model, texts in printed.ETA_PERCENT.items():
            for operation, text in texts.items():
                law, tflop = README[operation], value_of(printed.TFLOP[model][operation])
                errors.append(law.eta_max_percent * form(tflop, law.k, law.alpha) / value_of(text) - 1)
        found[name] = errors
    return found


def mean_form_errors() -> dict[str, float]:
    """Mean absolute relative error of the six efficiencies by form, the smallest first."""
    means = {
        name: sum(abs(error) for error in errors) / len(errors) for name, errors in form_errors().items()
    }
    return dict(sorted(means.items(), key=lambda item: item[1]))

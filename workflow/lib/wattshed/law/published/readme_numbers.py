"""The worked example of the older read-me as it prints it: Models A and B in joined operations."""

from collections.abc import Mapping

from wattshed.law.operations.operation import Kind
from wattshed.law.published.parameters import OUTPUT, PROJECTIONS, SCORES, readme_energy_j
from wattshed.law.published.printed_number import PrintedNumber
from wattshed.law.published.transformer_step import MODEL_A, MODEL_B

A, B = "A", "B"
MODELS = {A: MODEL_A, B: MODEL_B}
EPOCHS = 1e6
KINDS = {
    Kind.QKV: "QKV projections",
    Kind.OUTPUT_PROJECTION: "final projection",
    Kind.SCORES: "attention scores",
    Kind.ATTENTION_OUTPUT: "attention output",
}
STEP_1, STEP_2, STEP_3, CONCLUSION = "Step 1", "Step 2", "Step 3", "Conclusion"
# Step 1, FLOPs by model and operation.
FLOPS: Mapping[str, Mapping[Kind, str]] = {
    A: {
        Kind.QKV: "6.44e10",
        Kind.OUTPUT_PROJECTION: "4.30e10",
        Kind.SCORES: "6.74e9",
        Kind.ATTENTION_OUTPUT: "6.74e9",
    },
    B: {
        Kind.QKV: "3.43e11",
        Kind.OUTPUT_PROJECTION: "2.29e11",
        Kind.SCORES: "2.69e10",
        Kind.ATTENTION_OUTPUT: "2.69e10",
    },
}
# Step 2: TFLOP, efficiency in per cent, and "microseconds".
TFLOP: Mapping[str, Mapping[str, str]] = {
    A: {PROJECTIONS: "0.1074", SCORES: "0.00674", OUTPUT: "0.00674"},
    B: {PROJECTIONS: "0.572", SCORES: "0.0269", OUTPUT: "0.0269"},
}
ETA_PERCENT: Mapping[str, Mapping[str, str]] = {
    A: {PROJECTIONS: "35.45", SCORES: "5.15", OUTPUT: "6.68"},
    B: {PROJECTIONS: "57.65", SCORES: "11.98", OUTPUT: "15.37"},
}
# Exponents of the stated law.
ALPHA: Mapping[str, str] = {PROJECTIONS: "0.81", SCORES: "0.80", OUTPUT: "0.794"}
PSEUDO_US: Mapping[str, Mapping[str, str]] = {
    A: {PROJECTIONS: "19.4", SCORES: "0.76", OUTPUT: "0.64"},
    B: {PROJECTIONS: "63.6", SCORES: "1.23", OUTPUT: "1.12"},
}
# Step 3, and what is concluded from it.
ENERGY_J: Mapping[str, str] = {A: "26.30", B: "31.28"}
MORE_PERCENT, PER_MILLION_KWH = "19", "1.3"


def value_of(text: str) -> float:
    return PrintedNumber(text).value


def printed_energies_j() -> dict[str, float]:
    """Energy of the models by the read-me's equation from its printed durations [J]."""
    return {
        model: readme_energy_j({name: value_of(text) for name, text in texts.items()})
        for model, texts in PSEUDO_US.items()
    }

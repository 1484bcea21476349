"""Levels of confidence and significance, in one module that is quick to import."""

# Confidence level of all intervals.
LEVEL = 0.95
# Share of false alarms of the regression guard. It keeps them below 5 %, with a margin for the error of 2,000 simulated
# trials. A rise of 5 % is still found in 94 % of cases with ten pairs and 3 % noise.
ALPHA = 0.04

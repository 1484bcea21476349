"""Levels of confidence and significance, in one module that is quick to import."""

# Confidence level of all intervals.
LEVEL = 0.95
# Share of false alarms of the regression guard. It keeps them below 5 %, with a margin for the error of 2,000 simulated
# trials. A rise of 5 % is still found in 94 % of cases with ten runs a side and 3 % noise.
ALPHA = 0.04
# Standard deviation of whole runs of identical work, where there are too few runs to see it. On one virtual machine it
# was 2.5 % in ten runs within minutes, and 6 % in fourteen others.
RUN_SPREAD_PERCENT = 5.0

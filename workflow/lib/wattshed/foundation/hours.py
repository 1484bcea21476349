"""Lengths of time in the units in which the panel and the meter count."""

HOUR_S = 3600
DAY_H = 24
WEEK_H = 7 * DAY_H

"""The choice of a clock under uncertainty: rules, limits, intervals."""

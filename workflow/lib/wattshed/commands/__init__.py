"""The command line: doctor, measure, accounts, guard."""

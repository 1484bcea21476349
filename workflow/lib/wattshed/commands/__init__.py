"""The command line: doctor, measure, accounts, guard, recommend, export."""

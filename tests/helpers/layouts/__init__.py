"""Public layouts of load and traffic, remade as small files from a truth that is known in UTC.

Each layout has a recipe in data/README.md under its heading; the tests read the files with that recipe.
"""

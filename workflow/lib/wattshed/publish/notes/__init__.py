"""Notes on energies: whose work was not alone, and what is a lower bound."""

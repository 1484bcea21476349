"""GNN-STAN: a graph branch over connectivity, an attention branch over series, and their fusion."""

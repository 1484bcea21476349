"""Claims of source documents against what a study measured; each document is a plug-in."""

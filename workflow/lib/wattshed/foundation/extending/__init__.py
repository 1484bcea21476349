"""What plug-ins are: their kinds, what each must have, and those of a study's own."""

"""Rules of choice: one plug-in each."""

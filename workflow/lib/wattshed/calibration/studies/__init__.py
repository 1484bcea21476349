"""What the rules of a study run: the calibration, predictions and their rivals, and the sweep over sizes."""

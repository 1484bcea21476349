"""What the callbacks of trainers share: base classes found when they are needed, and one metered run."""

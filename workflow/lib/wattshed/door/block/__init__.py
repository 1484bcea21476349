"""One metered block: its handle, where it is recorded, how it ends and what it cost."""

"""What several test parts say of the models: errors by origin, and what follows from all of them."""

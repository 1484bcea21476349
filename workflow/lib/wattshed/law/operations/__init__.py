"""What a step computes: operations with their FLOPs and bytes, by formula."""

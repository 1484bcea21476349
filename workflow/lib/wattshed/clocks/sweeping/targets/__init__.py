"""What a sweep runs: a checkpoint's inference or its training. A command's target is made where commands are run."""

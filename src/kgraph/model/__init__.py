"""What passes between the stages: texts, what is marked on them, and both together as an extraction."""

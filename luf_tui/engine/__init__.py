"""What the machine does, micro-step by micro-step."""

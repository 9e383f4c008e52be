"""Events and micro-steps in words."""

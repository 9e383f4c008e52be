"""The gallery and the stepper, from their common base up."""

"""Scenario text to program: grammar, parser, conditions, formatter."""

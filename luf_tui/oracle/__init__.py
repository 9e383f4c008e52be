"""The obligations, judged from the machine alone."""

"""Facts played on the model machine under a policy, and the report of it."""

"""How a recorded run is kept: writes, steps, events and whole states, in narrow columns."""

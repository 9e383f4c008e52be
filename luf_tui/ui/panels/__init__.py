"""What lies over the panes and has the keys until it is closed."""

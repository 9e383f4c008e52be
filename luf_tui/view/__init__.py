"""What the screen shows, as panes of marks: no colours and no toolkit."""

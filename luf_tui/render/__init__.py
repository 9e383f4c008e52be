"""The view without a screen: plain text, pictures and recordings."""

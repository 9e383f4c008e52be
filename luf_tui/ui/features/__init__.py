"""What the app can do beyond moving: a module a feature, its panel and what it does on a run."""

"""The typed experiment, its defaults, and how a recipe becomes one."""

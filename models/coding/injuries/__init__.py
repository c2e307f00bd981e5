"""Injuries put together from what happened and where: two words that seldom stand side by side."""

"""Competitions: an organizer with data and a prize, submitters with models, a contract that pays the best."""

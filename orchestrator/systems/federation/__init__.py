"""Federations: many train one model round by round, and nobody shows data."""

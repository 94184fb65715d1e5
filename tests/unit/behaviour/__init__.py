"""Draws, profiles, visits, cars and what the meter shows."""

"""Journeys in a real browser, looked at by axe-core as they go."""

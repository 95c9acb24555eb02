"""Satisfaction surveys: who is asked, answers kept apart, the exact index, what may be published."""

"""A bad day for a learner's programs, drawn from one number: what happens, and what was kept."""

"""A question with chips to answer it by."""

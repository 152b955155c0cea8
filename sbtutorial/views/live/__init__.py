"""`lab.watch`: a queue that shows itself while things happen to it."""

"""Brokers as processes and threads: started once, found again, ended."""

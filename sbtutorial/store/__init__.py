"""What keeps a namespace beyond its process."""

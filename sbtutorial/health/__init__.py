"""Whether all is there that a lesson needs: for the terminal, and for a notebook."""

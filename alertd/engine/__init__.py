"""The loops that make the stages move: fetch, save, send. No decision about the domain is made here."""

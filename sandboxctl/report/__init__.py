"""What people and programs are shown: each result as text and as JSON. Strings out; nothing here prints, reads or asks.

Whatever we did not write ourselves (names, labels, messages of an engine) goes through `cells.safe` before a terminal
could obey it. No click here, and no wording about the command line.
"""

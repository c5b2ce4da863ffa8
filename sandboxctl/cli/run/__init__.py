"""What some verbs do once their words are understood, by click or by `front`: both call the same. No click here.

What a verb needs is imported where it is needed: these are the verbs that have to be quick where nothing is to do.
"""

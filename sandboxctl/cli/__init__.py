"""The command line: one module for each verb, whose `command` it is. click stays in this package.

A verb reads its arguments, calls the layers below and prints what `report` makes of the answer. It decides nothing
about specs or engines. Everything heavier than click is imported inside the verb: `--help` has to be quick.
"""

"""Stands for a student's solution: the grader runs it."""

print(sum(range(1, 101)))

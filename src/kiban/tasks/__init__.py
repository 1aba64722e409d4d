"""Answers that are made one by one, kept, and never made twice: a long question begins where it was.

task       one answer to make: a function of a module by its name, plain arguments, and the key of its answer
answering  many of them: what the store holds is taken from there, the rest is made and kept at once
database   SQLite and PostgreSQL: how they are reached, and what is wrong with them
store      the store of answers: one file in a folder, or a PostgreSQL database
"""

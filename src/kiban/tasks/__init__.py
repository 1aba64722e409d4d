"""Answers that are made one by one, kept, and never made twice, here or elsewhere: a long question begins where it was.

task           one answer to make: a function of a module by its name, plain arguments, and the key of its answer
content        dataclasses of kiban and arrays as plain values, and back to the same bits
calls          a call as text: a function by name, arguments and answer as JSON, a failure as a failure
pool           who makes them: the interface, and the pool that makes one after the other in this process
likeness       what must be the same on two machines for the same bits to come out
in_flight      some calls at a time at an executor, their answers in the order in which they come
processes      a pool of processes of this machine
dask_pool      a pool of workers of a Dask scheduler, by TLS or on this machine
slurm_pool     the same, its workers jobs of Slurm
pool_settings  which pool, with all that it must know
opening        the pool that settings name
answering      many of them: what the store holds is taken from there, the rest is made and kept at once
database       SQLite and PostgreSQL: how they are reached, and what is wrong with them
store          the store of answers: one file in a folder, or a PostgreSQL database
"""

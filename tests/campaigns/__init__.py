"""Campaigns that try to lose work: kills, load, a full disk, clocks that differ, a database that goes away.

Each is a program (`python -m tests.campaigns.kills --seed 1 --count 200`), uses this machine only, ends by itself, and
prints what it counted; zeros are the goal, and its exit code is 1 where a zero is missed. A small number of each
runs as a test.

    ground                what they share: servers that can be killed, and counting
    kills                 server, worker, build, sweep and national plan, killed at any moment
    load                  many clients at once
    full_disk             a disk that is full while jobs end, and while commands write
    clock_skew            two servers on one PostgreSQL whose clocks differ
    postgresql_restarts   PostgreSQL stopped at once in the middle of jobs
"""

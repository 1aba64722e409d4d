"""Commands of the command line, one file each; `build`, `check` and the short ones stand in `kiban.cli`.

    access    kiban serve token | session | purge
    audit     kiban audit
    bundling  kiban bundle
    connect   kiban connect
    economy   kiban economy
    explained  the answers whose figures kiban why explains
    growth    kiban growth
    forecast  kiban forecast
    frontier  kiban frontier
    paying    kiban pay | compare | sweep
    national  what build, check and pay do with a national study
    new_file  a file that a command writes and that must not be there yet
    operating  kiban operate | replay
    place     a place by its coordinates in place of a scenario
    impact    kiban impact
    pooling   the pool behind --pool
    race      kiban race
    outages   kiban outages
    levers    kiban levers
    offers    kiban offers
    report    kiban report
    reproducing  kiban reproduce
    resuming  the store of answers behind --resume
    signing   kiban key | sign | verify
    running   kiban run
    serve     kiban serve
    unsolved  what has no plan: explained, and left
    what_is   kiban what-is
    why       kiban why
    terminal  what every command shares: language, progress, output

Whatever is heavy is imported by the command that needs it.
"""

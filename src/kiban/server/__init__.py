"""The web service: `/api/v1`, its jobs and its store, and the built front end.

    running              the server on a port until it is told to stop
    application          the application: addresses, and errors as problems
    service              the parts of a running server, and how an address gets hold of them
    settings             where it keeps its things, to whom it listens, and how much it takes on
    connections          so many at a time, each with a deadline for its header
    gate                 what every request passes
    confinement          what a server and its workers may reach
    access               who asks, and what they may do
    sessions             tokens and sessions in the store
    oidc                 signing in with an OpenID Connect provider
    provider_file        the file that names it
    ownership            what a caller may do with a plan or a job
    bodies               what may be asked
    problems             problems as documents
    description          the OpenAPI description

    reading_routes       addresses that only read what kiban knows
    planning_routes      addresses that plan
    operation_routes     addresses of operations
    market_routes        addresses of the market around
    job_routes           addresses of jobs
    job_documents        a job as JSON
    kept_answers         what jobs keep on their way, so that they begin where they were
    job_events           a job as it goes on, as server-sent events
    access_documents     who the caller is and the audit log, as JSON
    access_routes        addresses of access: sign in and out, the audit log
    pages                the web pages
    sign_in_page         the page to sign in and out, and what it shows where that fails
    catalogue_documents  sites, figures and examples as JSON

    operating            the living service of `kiban operate`
    bundle               the operations of a plan as code, for `kiban bundle`

    studies              from what a request says to a scenario
    answers              plans while the caller waits
    payments             who pays, and the questions that are kept
    plan_files           a plan as files to take home
    queueing             a question that becomes a job
    operations           a plan that is operated, and its files
    markets              the market's year, its days, and what a load does to others
    live_operation       the journal of a campus that is operated, followed
    live_events          the same as server-sent events

    store                plans and jobs
    grouping             what many want written goes to the disk together
    leases               who works on which job, by the database's clock
    database_faults      a database that is full, locked, away or damaged
    holdings             whose a plan is, as questions to the store
    turns                whose job comes next
    audit                who did what: the log, counts of strangers, signed heads
    audit_key            the key that signs
    audit_proof          whether the log is whole, and a copy of it
    chain                the hash of a row of the log
    tables               its tables; migrations/ brings a database to them
    packing              content of its large columns
    supervisor           keeps the worker processes busy
    worker               a worker process
    deaths               why a worker process ended
    tasks                what a job does

It formats and carries, and asks `build`, `build_national` and PAY's `Question`; it calculates nothing.
"""

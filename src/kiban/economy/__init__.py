"""What a plan sets in motion: money by industry and place, people, and what growth would need.

    receipts  PAY's ledger by product, phase and year, to the yen
    regions   the multi-regional input-output table, balanced by RAS
    effects   direct, indirect and induced effects by place, in three cases
    people    people by skill and year against those who are there
    limits    people and goods by year as data that a national plan reads
    shortage  a national plan with these limits beside one without
    makers    who makes what a plan buys, and how long an order takes
    growth_needs  published growth figures, and what they need in compute and power
    inequality  how even prefectures are before a plan and with it
    spread    a figure with its range
    answer    the figures of all that
    asking    the questions: of one campus, of a national study

All of it is read off plans and ledgers that are there; nothing of it enters a plan, a ledger or a benefit.
"""

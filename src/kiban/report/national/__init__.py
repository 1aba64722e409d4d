"""A national plan and who pays in it, for readers.

    words              the answer of the plan, and how much the choice of sites can move
    terminal           what `kiban build` prints of a national study
    check              what `kiban check` prints of one
    document           the JSON of the plan
    flows              grid areas and interconnectors, in all forms
    limits             people and goods by year, in all forms
    prices             prices that answer to all sites, in all forms
    map                the sites on a map
    movement           compute that moves between the sites
    folder             all of it as a folder
    payment_words      where a package moves load, and what the public sector gains
    payment_terminal   what `kiban pay` prints of a national study
    payment_document   the JSON of a national payment
    payment_workbook   its ledger as an Excel file

What is calculated stands in `kiban.national` and `kiban.finance`.
"""

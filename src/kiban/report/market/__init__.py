"""The power system around, for readers.

    words           what a load does to the bills of others, in sentences
    document        the JSON of an impact
    view            the same for pages, in every language
    hours_document  the JSON of a year by month, and of some of its days hour by hour
    commitment      a week with units that commit, at the command line
    terminal        what `kiban impact` prints

What is calculated of the market stands in `kiban.market`.
"""

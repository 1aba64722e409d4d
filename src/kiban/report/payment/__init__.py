"""Who pays for a package, for readers.

    words               the answer, what follows from it, and what it assumes
    remarks             conditions of measures, credits that do not settle, emissions
    findings            titles of the charts
    terminal            what `kiban pay`, `compare` and `sweep` print
    document            the JSON of a payment
    details             the sections at the command line that no chart shows, taken apart for documents and pages
    fiscal              the budget's form, who keeps the tax, and the bridge in that JSON and as a table
    fiscal_terminal     the same at the command line
    outlook             a large load's contract, leakage and timing, in that JSON and in a sentence each
    outlook_terminal    the same at the command line
    figures             support, ledger and instruments in that JSON, and in that of the country
    firmness            how firm the answer is: words, tables, and in that JSON
    others              electricity users elsewhere: a sentence, and in that JSON
    packages            the packages that come with kiban, as JSON
    workbook            the cash flow as an Excel model of live formulas
    workbook_inputs     its inputs
    workbook_purchases  its purchases, one by one
    workbook_tax        its tax
    workbook_terms      paths of prices and costs in it, and cash that is kept
    workbook_rows       its sheets of years, whose rows have names

What is calculated of a payment stands in `kiban.finance`.
"""

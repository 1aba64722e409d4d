"""A plan of one site, for readers.

    words        its answer, the worth of its constraints, its proof, or why there is none
    findings     titles of its charts
    terminal     what `kiban build` prints
    procurement  what is bought and which way
    behind_meter  the same campus without plants elsewhere
    check        what `kiban check` prints
    record       the numbers as JSON and back: `--json` and summary.json
    document     the JSON that the web pages and the HTML report read
    frontier     cost against emissions or clean share, drawn and in a table
    frontier_document  the same in plain types, with its words, and back
    frontier_files  the same as files: page, drawing, tables
    inputs       the inputs in that JSON
    hours        hours for charts
    differences  plans side by side
    entries      inputs with their origin, in words and as plain types
    tables       the same as tables with every digit
    workbook     the same as an Excel file
    folder       all of it as a folder, and back
    crate        the folder described for archives
    reproduction  a saved plan beside the one that its scenario gives now

What is calculated of a plan stands in `kiban.planning`.
"""

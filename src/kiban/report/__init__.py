"""Results for readers, in English and Japanese: words, text at the command line, JSON, HTML pages and workbooks.

    plan         a plan of one site
    payment      who pays, for one campus
    national     the national plan, and who pays in it
    operation    how a plan ran
    economy      which industries, regions and people a plan sets in motion
    market       what a load does to the prices and bills of others
    catalogue    sites, figures and sources at the command line
    what_is      what a sum of money or a power is
    why          why a figure is what it is
    connecting   ways of a campus to power
    race         two prefectures that may each offer a relief
    starter      a commented scenario to start from

    messages     the sentence of a message or a problem
    phrases      all sentences, read from sentences/TOPIC.LANGUAGE.toml
    names        what capacities, costs, constraints and inputs are called
    layout       sections, bullets and tables of text
    table_file   a table as a CSV file
    lines        sentences broken into lines
    page         the report as one HTML file
    page_details  what a plan buys, beneath its charts

In a room `words` are sentences, `terminal` is text at the command line, `document` is JSON, `workbook` is an Excel file
and `folder` is a folder of all of them. Nothing is calculated here.
"""

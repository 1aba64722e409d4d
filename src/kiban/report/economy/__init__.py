"""What a plan sets in motion, for readers.

    words     sentences, and what products and places are called
    tables    headings and rows of text
    terminal  text at the command line
    document  JSON
    shortage  what limits of people and goods change in a national plan
    growth    published growth figures and what they need
    page      one HTML file without scripts

What is calculated of it stands in `kiban.economy`.
"""

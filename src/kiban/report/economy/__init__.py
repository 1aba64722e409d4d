"""What a plan sets in motion, for readers.

words     sentences, and what products and places are called
tables    headings and rows of text
terminal  text at the command line
document  JSON
page      one HTML file without scripts
"""

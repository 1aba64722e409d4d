"""An operation for readers.

words       its parts and items by name
terminal    text at the command line
document    the operation as JSON
folder      the operation in a folder
"""

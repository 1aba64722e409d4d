"""Commands of the command line, one file each; `kiban.cli` holds the short ones.

terminal  what every command shares: the language, progress and problems on stderr, pages on stdout
national  what `build`, `check` and `pay` do with a national study
paying    `kiban pay | compare | sweep`
report    `kiban report`
serve     `kiban serve` and its tokens
"""

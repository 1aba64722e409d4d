"""Signatures of what kiban wrote: that a folder or a file is the one that its maker made, to the last byte.

keys       a pair of keys in one file: Ed25519 and ML-DSA-65
manifest   the files of a folder with their hashes
signature  a manifest signed with both keys, and whether it still holds
timestamp  the time of a third party over a signature (RFC 3161)
"""

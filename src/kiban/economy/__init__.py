"""What a plan sets in motion: money by industry and place, people, and what growth would need.

receipts  PAY's ledger by product, phase and year, to the yen
regions   the multi-regional input-output table, balanced by RAS
effects   direct, indirect and induced effects by place, in three cases
answer    the figures of all that
asking    the questions: of one campus, of a national study
"""

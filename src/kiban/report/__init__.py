"""Plans for readers: sentences and tables on the screen, in a folder and in a workbook, in both languages."""

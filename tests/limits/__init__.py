"""What is accepted up to which number: one table, held against the code and against the pages."""

"""paragrad.reports: records, what is made of them, and the command line."""

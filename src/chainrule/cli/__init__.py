"""The command line: the front door for those who have a table and no wish to write Python."""

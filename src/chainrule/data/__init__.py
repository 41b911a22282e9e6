"""Tables in, arrays out: reading a table, preparing its columns, deciding the task from the target."""

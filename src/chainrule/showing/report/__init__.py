"""The report of a run: one page of HTML that is sent to others, made of the files in the run's folder alone."""

"""What the report of a training shows, as plain data: computed here, where the model and the rows are; drawn above."""

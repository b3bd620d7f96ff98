"""What a user sees of a comparison: the terminal's tables, figures, the HTML report, the files."""

"""What a run was worth: results, metrics, hedge decay, comparisons with their uncertainty."""

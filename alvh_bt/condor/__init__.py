"""The condor leg manager: choose strikes, enter, take profit, stop, roll, leave."""

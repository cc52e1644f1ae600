"""Who is told what, when and how often: pure stages between the ledger and the channels."""

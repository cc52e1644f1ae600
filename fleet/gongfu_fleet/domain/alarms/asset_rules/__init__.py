"""What can go wrong with a truck or a cabinet as a whole, apart from the temperatures it keeps."""

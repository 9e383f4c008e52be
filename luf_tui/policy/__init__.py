"""Who owes which flush, and when it is paid."""

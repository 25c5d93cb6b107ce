"""Staff: who works here, what each may do, and how they get in again."""

package main

// usageError is a mistake in how a command was called: it exits with 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

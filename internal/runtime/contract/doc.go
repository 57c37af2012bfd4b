// Package contract defines names that two components share. These are the construct and the
// functions, the functions and the CLI, or the CDK app and the emulator. The package imports only
// the standard library.
package contract

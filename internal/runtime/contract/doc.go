// Package contract defines names that two components must agree on: the construct and the
// functions, the functions and the CLI, or the CDK app and the emulator. The package imports only
// the standard library.
package contract

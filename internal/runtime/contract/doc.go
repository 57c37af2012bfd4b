// Package contract defines the names that two sides share: the construct and the functions, the
// functions and the CLI, or the CDK app and the emulator. It imports the standard library only.
package contract

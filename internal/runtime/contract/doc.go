// Package contract defines names that two components share, such as the construct and the
// functions, the functions and the CLI, or the CDK app and the emulator. It imports only the
// standard library.
package contract

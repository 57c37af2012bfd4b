// Package contract defines names on which two components must agree, for example the construct and
// the functions. The package imports only the standard library.
package contract

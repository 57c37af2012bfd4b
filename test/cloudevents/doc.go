// Package cloudevents compares the platform with the Go SDK of CloudEvents. It is a separate
// module, so that the platform does not depend on the SDK.
package cloudevents

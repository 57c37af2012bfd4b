// Package cloudevents compares the platform with the Go SDK of CloudEvents. It is a module of its
// own, so that the platform itself does not depend on the SDK.
package cloudevents

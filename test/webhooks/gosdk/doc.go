// Package gosdk compares the signatures of webhooks with the Go SDKs of Stripe, Slack and Standard
// Webhooks. It is a module of its own, so that the platform does not depend on the SDKs.
package gosdk

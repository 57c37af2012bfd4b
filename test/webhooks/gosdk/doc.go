// Package gosdk compares the signatures of webhooks with the Go SDKs of Stripe, Slack and Standard
// Webhooks. It is a separate module, so that the platform does not depend on the SDKs.
package gosdk

// Package gosdk tests that package webhook accepts the same signatures as the Go SDKs of Stripe,
// Slack and Standard Webhooks. It is a separate module, so that the platform does not depend on the
// SDKs.
package gosdk

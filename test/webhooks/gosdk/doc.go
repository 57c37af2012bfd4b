// Package gosdk compares package webhook with the Go SDKs of Stripe, Slack and Standard Webhooks.
// Package webhook and the SDKs must accept the same signatures. This package is a separate module,
// so that the platform does not depend on the SDKs.
package gosdk

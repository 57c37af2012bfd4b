// Package webhook verifies the signatures of webhooks, and reads the type and the delivery id of a
// webhook's event. It calls no AWS service: the caller passes the secrets.
//
// Each scheme has its own file. All schemes sign the request's body with an HMAC and a shared
// secret. Some also sign a timestamp or an id. They differ in the headers' names and the
// signature's encoding.
package webhook

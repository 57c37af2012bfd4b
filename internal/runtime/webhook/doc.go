// Package webhook verifies the signatures of webhooks, and reads the type and the delivery id of a
// webhook's event. Each scheme has a file of its own. The package calls no AWS service, because the
// caller passes the secrets.
//
// All schemes sign the request's body with an HMAC and a secret that the sender and the receiver
// share. The schemes differ in the headers, in the encoding of the signature, and in the signed
// text around the body.
package webhook

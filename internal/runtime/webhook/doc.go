// Package webhook verifies the signatures of webhooks, and reads the type and the delivery id of a
// webhook's event. Each scheme has its own file. The package calls no AWS service: the caller
// passes the secrets.
//
// All schemes sign the request's body with an HMAC and a shared secret. The schemes differ in the
// headers, in the encoding of the signature, and in the signed text around the body.
package webhook

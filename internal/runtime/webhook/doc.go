// Package webhook verifies the signatures of webhooks, and reads the type and the delivery id of a
// webhook's event. Each scheme has its own file. The package calls no AWS service. The caller
// passes the secrets.
//
// All schemes sign the request's body with an HMAC and a shared secret. Some schemes also sign a
// timestamp or an id. The schemes differ in the names of the headers and in the encoding of the
// signature.
package webhook

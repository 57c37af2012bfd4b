// Package oidc verifies JSON Web Tokens by the rules of API Gateway's JWT authorizers. The keys
// come from the issuer or from a file.
package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Verifier verifies the tokens of an issuer.
type Verifier struct {
	Issuer   string   // required claim iss
	Audience []string // the claim aud, or client_id if aud is absent, must contain one of these
	Keys     KeySource
	Now      func() time.Time
}

// KeySource looks up the public keys of issuers.
type KeySource interface {
	// Key returns the issuer's public key with the id, or ErrUnknownKey if there is none. All other
	// errors mean that the look-up failed.
	Key(ctx context.Context, issuer, id string) (jose.JSONWebKey, error)
}

// ErrUnknownKey reports that the issuer has no key with the id.
var ErrUnknownKey = errors.New("the token is signed with a key that the issuer does not have")

// InvalidError reports that a token is not valid. Reason contains no part of the token.
type InvalidError struct{ Reason string }

func (e *InvalidError) Error() string { return e.Reason }

func errInvalid(reason string) error { return &InvalidError{reason} }

// algorithms lists the algorithms that API Gateway accepts. All of them use RSA keys.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512}

// Claims holds the values of a token's claims by name. A number is a json.Number.
type Claims map[string]any

// Verify returns the token's claims, or an *InvalidError if the token is not valid. All other
// errors mean that the look-up of the key failed.
func (v Verifier) Verify(ctx context.Context, token string) (Claims, error) {
	parsed, err := jwt.ParseSigned(token, algorithms)
	if err != nil || len(parsed.Headers) != 1 {
		return nil, errInvalid("the token must be a JWT with an RSA signature")
	}
	header := parsed.Headers[0]
	if header.KeyID == "" {
		return nil, errInvalid("the token must have a key id")
	}
	key, err := v.Keys.Key(ctx, v.Issuer, header.KeyID)
	if errors.Is(err, ErrUnknownKey) {
		return nil, errInvalid(ErrUnknownKey.Error())
	}
	if err != nil {
		return nil, err
	}
	if key.Algorithm != "" && key.Algorithm != header.Algorithm || key.Use != "" &&
		key.Use != "sig" {
		return nil, errInvalid("the token's key must allow signatures with the token's algorithm")
	}
	var registered jwt.Claims
	var all json.RawMessage
	if err := parsed.Claims(key.Public(), &registered, &all); err != nil {
		return nil, errInvalid("the token's signature does not match, or its claims are malformed")
	}
	var claims Claims
	decoder := json.NewDecoder(strings.NewReader(string(all)))
	decoder.UseNumber()
	if err := decoder.Decode(&claims); err != nil {
		return nil, errInvalid("the token's claims are malformed")
	}
	return claims, v.check(registered, claims)
}

// check validates the issuer, the audience and the times of a token.
func (v Verifier) check(registered jwt.Claims, claims Claims) error {
	now := v.Now()
	audience := []string(registered.Audience)
	if _, ok := claims["aud"]; !ok {
		clientID, _ := claims["client_id"].(string)
		audience = []string{clientID}
	}
	switch {
	case registered.Issuer != v.Issuer:
		return errInvalid("the token does not have a valid issuer")
	case !slices.ContainsFunc(audience, v.accepts):
		return errInvalid("the token does not have a valid audience")
	case registered.Expiry == nil:
		return errInvalid("the token must have an expiry")
	case !now.Before(registered.Expiry.Time()):
		return errInvalid("the token has expired")
	case registered.NotBefore != nil && now.Before(registered.NotBefore.Time()):
		return errInvalid("the token is not valid yet")
	case registered.IssuedAt != nil && now.Before(registered.IssuedAt.Time()):
		return errInvalid("the token was issued in the future")
	}
	return nil
}

func (v Verifier) accepts(audience string) bool { return slices.Contains(v.Audience, audience) }

// Scopes returns the scopes of the token. They are in the claim "scope", separated by spaces.
// Without this claim, they are in the claim "scp", separated by spaces or as a JSON list.
func (c Claims) Scopes() []string {
	if text, ok := c["scope"].(string); ok {
		return strings.Fields(text)
	}
	switch scp := c["scp"].(type) {
	case string:
		return strings.Fields(scp)
	case []any:
		var scopes []string
		for _, scope := range scp {
			if text, ok := scope.(string); ok {
				scopes = append(scopes, text)
			}
		}
		return scopes
	}
	return nil
}

// Strings returns the claims as API Gateway passes them to functions. Every value is a string. A
// list has the form "[a b]". Claims with the value null are absent.
func (c Claims) Strings() map[string]string {
	values := make(map[string]string, len(c))
	for name, value := range c {
		if value != nil {
			values[name] = fmt.Sprint(value)
		}
	}
	return values
}

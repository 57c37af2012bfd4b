// Package oidc checks JSON Web Tokens as API Gateway's JWT authorizers do: by the keys that the issuer publishes, or that
// are in a file.
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

// Verifier is whose tokens are taken.
type Verifier struct {
	Issuer   string   // what they have as iss
	Audience []string // of which they have one as aud, or without an aud as client_id
	Keys     KeySource
	Now      func() time.Time
}

// KeySource finds the key that signed a token.
type KeySource interface {
	// Key returns the issuer's public key of that id. ErrUnknownKey: the issuer has none; any other error is of the lookup.
	Key(ctx context.Context, issuer, id string) (jose.JSONWebKey, error)
}

// ErrUnknownKey says that the issuer has no such key.
var ErrUnknownKey = errors.New("the token is signed with a key that is none of the issuer's")

// InvalidError says why a token is not taken, in words that repeat nothing of it.
type InvalidError struct{ Reason string }

func (e *InvalidError) Error() string { return e.Reason }

func invalid(reason string) error { return &InvalidError{reason} }

// algorithms are those that API Gateway takes: RSA ones only, so neither none, nor a shared secret, nor an elliptic curve.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512}

// Claims are what a token says; numbers are json.Number.
type Claims map[string]any

// Verify returns the token's claims. *InvalidError: it is not to be taken; any other error is of the lookup of its key.
func (i Verifier) Verify(ctx context.Context, token string) (Claims, error) {
	parsed, err := jwt.ParseSigned(token, algorithms)
	if err != nil || len(parsed.Headers) != 1 {
		return nil, invalid("the token is no JWT that is signed by RSA")
	}
	header := parsed.Headers[0]
	if header.KeyID == "" {
		return nil, invalid("the token does not name its key")
	}
	key, err := i.Keys.Key(ctx, i.Issuer, header.KeyID)
	if errors.Is(err, ErrUnknownKey) {
		return nil, invalid(ErrUnknownKey.Error())
	}
	if err != nil {
		return nil, err
	}
	if key.Algorithm != "" && key.Algorithm != header.Algorithm || key.Use != "" && key.Use != "sig" {
		return nil, invalid("the token's key is not for its algorithm")
	}
	var registered jwt.Claims
	var all json.RawMessage
	if err := parsed.Claims(key.Public(), &registered, &all); err != nil {
		return nil, invalid("the token's signature does not match, or its claims are malformed")
	}
	var claims Claims
	decoder := json.NewDecoder(strings.NewReader(string(all)))
	decoder.UseNumber()
	if err := decoder.Decode(&claims); err != nil {
		return nil, invalid("the token's claims are malformed")
	}
	return claims, i.check(registered, claims)
}

// check holds the registered claims against what is asked for.
func (i Verifier) check(registered jwt.Claims, claims Claims) error {
	now := i.Now()
	audience := []string(registered.Audience)
	if _, given := claims["aud"]; !given {
		clientID, _ := claims["client_id"].(string)
		audience = []string{clientID}
	}
	switch {
	case registered.Issuer != i.Issuer:
		return invalid("the token does not have a valid issuer")
	case !slices.ContainsFunc(audience, func(a string) bool { return slices.Contains(i.Audience, a) }):
		return invalid("the token does not have a valid audience")
	case registered.Expiry == nil:
		return invalid("the token never expires")
	case !now.Before(registered.Expiry.Time()):
		return invalid("the token has expired")
	case registered.NotBefore != nil && now.Before(registered.NotBefore.Time()):
		return invalid("the token is not valid yet")
	case registered.IssuedAt != nil && now.Before(registered.IssuedAt.Time()):
		return invalid("the token was issued in the future")
	}
	return nil
}

// Scopes are the token's: its scope, a text with blanks in between, or its scp, such a text or a list.
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

// Strings are the claims as API Gateway hands them on: each a text, a list as [a b]. One that is null is left out.
func (c Claims) Strings() map[string]string {
	texts := make(map[string]string, len(c))
	for name, value := range c {
		if value != nil {
			texts[name] = fmt.Sprint(value)
		}
	}
	return texts
}

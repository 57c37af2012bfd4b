package oidc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

var now = time.Date(2026, 11, 23, 7, 30, 0, 0, time.UTC)

// keys generates the private keys once, because generating keys is slow.
var keys = sync.OnceValue(func() (k struct {
	rsa, other *rsa.PrivateKey
	ec         *ecdsa.PrivateKey
}) {
	var errs [3]error
	k.rsa, errs[0] = rsa.GenerateKey(rand.Reader, 2048)
	k.other, errs[1] = rsa.GenerateKey(rand.Reader, 2048)
	k.ec, errs[2] = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err := errors.Join(errs[:]...); err != nil {
		panic(err)
	}
	return k
})

// publishedKeys returns the key set of the issuer.
func publishedKeys() jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: keys().rsa.Public(), KeyID: "rsa"},
		{Key: keys().ec.Public(), KeyID: "ec"},
		{Key: keys().rsa.Public(), KeyID: "for encryption", Use: "enc"},
		{Key: keys().rsa.Public(), KeyID: "for RS512", Algorithm: "RS512"},
		{Key: keys().rsa.Public(), KeyID: "twice"},
		{Key: keys().other.Public(), KeyID: "twice"},
	}}
}

func writeFile(t *testing.T, content []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func newVerifier(t *testing.T) Verifier {
	t.Helper()
	content, err := json.Marshal(publishedKeys())
	if err != nil {
		t.Fatal(err)
	}
	// A key of an unknown type must not make the other keys unusable.
	published := strings.Replace(string(content), `{"keys":[`,
		`{"keys":[{"kty":"QUANTUM","kid":"new"},`, 1)
	keys, err := ReadKeyFile(writeFile(t, []byte(published)))
	if err != nil {
		t.Fatal(err)
	}
	return Verifier{
		Issuer: "https://login.example.org/", Audience: []string{"events", "test"}, Keys: keys,
		Now: func() time.Time { return now },
	}
}

// validClaims returns the claims of a valid token. The function change, if not nil, modifies them.
func validClaims(change func(Claims)) Claims {
	c := Claims{
		"iss": "https://login.example.org/", "sub": "anna", "aud": "events",
		"exp": now.Unix() + 60, "iat": now.Unix(), "nbf": now.Unix(),
		"scope": "events/read events/write",
	}
	if change != nil {
		change(c)
	}
	return c
}

func sign(t *testing.T, algorithm jose.SignatureAlgorithm, kid string, key any, claims any) string {
	t.Helper()
	signingKey := jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: key, KeyID: kid}}
	signer, err := jose.NewSigner(signingKey, nil)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestVerifier_AcceptsValidTokens(t *testing.T) {
	for name, change := range map[string]func(Claims){
		"unchanged":             nil,
		"several audiences":     func(c Claims) { c["aud"] = []string{"other", "test"} },
		"client instead of aud": func(c Claims) { delete(c, "aud"); c["client_id"] = "events" },
		"without iat, nbf":      func(c Claims) { delete(c, "iat"); delete(c, "nbf") },
		"about to expire":       func(c Claims) { c["exp"] = now.Unix() + 1 },
		"claims of other shapes": func(c Claims) {
			c["groups"], c["n"], c["admin"] = []string{"a", "b"}, 1e9, true
		},
	} {
		claims := validClaims(change)
		for _, algorithm := range []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512} {
			got, err := newVerifier(t).Verify(t.Context(),
				sign(t, algorithm, "rsa", keys().rsa, claims))
			if err != nil || got["sub"] != "anna" {
				t.Errorf("%s, %s: got %v, %v", name, algorithm, got, err)
			}
		}
	}
}

func TestVerifier_RejectsAttacks(t *testing.T) {
	rs256 := func(change func(Claims)) string {
		return sign(t, jose.RS256, "rsa", keys().rsa, validClaims(change))
	}
	parts := strings.Split(rs256(nil), ".")
	admin, _ := json.Marshal(validClaims(func(c Claims) { c["sub"] = "admin" }))
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"rsa"}`))
	der, err := x509.MarshalPKIXPublicKey(keys().rsa.Public())
	if err != nil {
		t.Fatal(err)
	}
	publicKey := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	const noRSA = "must be a JWT with an RSA signature"
	for name, a := range map[string]struct{ token, want string }{
		"empty":               {"", noRSA},
		"no JWT":              {"hunter2", noRSA},
		"algorithm none":      {none + "." + parts[1] + ".", noRSA},
		"none with signature": {none + "." + parts[1] + "." + parts[2], noRSA},
		"HS256 by public key": {sign(t, jose.HS256, "rsa", publicKey, validClaims(nil)),
			noRSA},
		"HS256 by DER key": {sign(t, jose.HS256, "rsa", der, validClaims(nil)), noRSA},
		"ES256":            {sign(t, jose.ES256, "ec", keys().ec, validClaims(nil)), noRSA},
		"PS256": {sign(t, jose.PS256, "rsa", keys().rsa, validClaims(nil)),
			noRSA},
		"RSA with the EC key id": {sign(t, jose.RS256, "ec", keys().rsa, validClaims(nil)),
			"signature does not match"},
		"another key": {sign(t, jose.RS256, "rsa", keys().other, validClaims(nil)),
			"signature does not match"},
		"altered claims": {parts[0] + "." + base64.RawURLEncoding.EncodeToString(admin) +
			"." + parts[2], "signature does not match"},
		"signature cut": {parts[0] + "." + parts[1] + "." + parts[2][:100],
			"signature does not match"},
		"no signature": {parts[0] + "." + parts[1] + ".", "signature does not match"},
		"no key id": {sign(t, jose.RS256, "", keys().rsa, validClaims(nil)),
			"must have a key id"},
		"unknown key id": {sign(t, jose.RS256, "../rsa", keys().rsa, validClaims(nil)),
			"the issuer does not have"},
		"ambiguous key id": {sign(t, jose.RS256, "twice", keys().rsa, validClaims(nil)),
			"the issuer does not have"},
		"key for encryption": {sign(t, jose.RS256, "for encryption", keys().rsa,
			validClaims(nil)), "the token's algorithm"},
		"key for RS512": {sign(t, jose.RS256, "for RS512", keys().rsa, validClaims(nil)),
			"the token's algorithm"},
		"wrong issuer": {rs256(func(c Claims) {
			c["iss"] = "https://evil.example/"
		}), "valid issuer"},
		"issuer without slash": {rs256(func(c Claims) {
			c["iss"] = "https://login.example.org"
		}), "valid issuer"},
		"no issuer": {rs256(func(c Claims) { delete(c, "iss") }), "valid issuer"},
		"wrong audience": {rs256(func(c Claims) {
			c["aud"] = "other"
		}), "valid audience"},
		"part of an audience": {rs256(func(c Claims) {
			c["aud"] = "event"
		}), "valid audience"},
		"no audience": {rs256(func(c Claims) { delete(c, "aud") }), "valid audience"},
		"empty aud, client id": {rs256(func(c Claims) {
			c["aud"], c["client_id"] = []string{}, "events"
		}), "valid audience"},
		"wrong audience, client": {rs256(func(c Claims) {
			c["aud"], c["client_id"] = "other", "events"
		}), "valid audience"},
		"wrong client": {rs256(func(c Claims) {
			delete(c, "aud")
			c["client_id"] = "other"
		}), "valid audience"},
		"expired": {rs256(func(c Claims) {
			c["exp"] = now.Unix()
		}), "has expired"},
		"never expires": {rs256(func(c Claims) {
			delete(c, "exp")
		}), "must have an expiry"},
		"expiry is no number": {rs256(func(c Claims) {
			c["exp"] = "tomorrow"
		}), "claims are malformed"},
		"not yet valid": {rs256(func(c Claims) {
			c["nbf"] = now.Unix() + 1
		}), "not valid yet"},
		"issued in the future": {rs256(func(c Claims) {
			c["iat"] = now.Unix() + 1
		}), "issued in the future"},
		"claims are no object": {sign(t, jose.RS256, "rsa", keys().rsa, []string{"iss"}),
			"claims are malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newVerifier(t).Verify(t.Context(), a.token)
			var invalid *InvalidError
			if !errors.As(err, &invalid) || !strings.Contains(err.Error(), a.want) {
				t.Errorf("got %v, want %q", err, a.want)
			}
		})
	}
}

func TestClaims_ReturnsScopesOfScopeOrScp(t *testing.T) {
	for _, c := range []struct {
		claims Claims
		want   []string
	}{
		{Claims{"scope": "a b"}, []string{"a", "b"}},
		{Claims{"scp": "a b"}, []string{"a", "b"}},
		{Claims{"scp": []any{"a", "b", 7}}, []string{"a", "b"}},
		{Claims{"scope": "a", "scp": "b"}, []string{"a"}},
		{Claims{}, nil},
	} {
		if got := c.claims.Scopes(); !slices.Equal(got, c.want) {
			t.Errorf("%v: got %q", c.claims, got)
		}
	}
}

func TestClaims_FormatsStringsAsAPIGateway(t *testing.T) {
	claims := validClaims(func(c Claims) {
		c["groups"], c["admin"], c["email"] = []string{"a", "b"}, true, nil
	})
	got, err := newVerifier(t).Verify(t.Context(), sign(t, jose.RS256, "rsa", keys().rsa, claims))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"iss": "https://login.example.org/", "sub": "anna", "aud": "events", "exp": "1795419060",
		"iat": "1795419000", "nbf": "1795419000",
		"scope": "events/read events/write", "groups": "[a b]", "admin": "true",
	}
	if diff := cmp.Diff(want, got.Strings()); diff != "" {
		t.Errorf("strings (-want +got):\n%s", diff)
	}
}

func TestReadKeyFile_RejectsInvalidFiles(t *testing.T) {
	for content, want := range map[string]string{
		"":                             "unexpected end",
		`{"keys":[]}`:                  "no supported keys",
		`{"keys":[{"kty":"QUANTUM"}]}`: "no supported keys",
		`[]`:                           "cannot unmarshal",
	} {
		_, err := ReadKeyFile(writeFile(t, []byte(content)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", content, err, want)
		}
	}
}

func TestReadKeyFile_IgnoresByteOrderMark(t *testing.T) {
	const key = `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"` +
		`11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`
	for _, content := range []string{key, "\ufeff" + key} {
		if _, err := ReadKeyFile(writeFile(t, []byte(content))); err != nil {
			t.Errorf("%q: %v", content, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("e30.e30.")
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","kid":"rsa"}`)) + ".e30.AA")
	f.Fuzz(func(t *testing.T, token string) {
		if claims, err := newVerifier(t).Verify(t.Context(), token); err == nil {
			t.Errorf("%q was accepted with the claims %v", token, claims)
		}
	})
}

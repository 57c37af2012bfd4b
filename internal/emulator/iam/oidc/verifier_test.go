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

// keys are made once: it takes a while.
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

// set is what the issuer publishes.
func set() jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: keys().rsa.Public(), KeyID: "rsa"},
		{Key: keys().ec.Public(), KeyID: "ec"},
		{Key: keys().rsa.Public(), KeyID: "for encryption", Use: "enc"},
		{Key: keys().rsa.Public(), KeyID: "for RS512", Algorithm: "RS512"},
		{Key: keys().rsa.Public(), KeyID: "twice"},
		{Key: keys().other.Public(), KeyID: "twice"},
	}}
}

func file(t *testing.T, content []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func issuer(t *testing.T) Verifier {
	t.Helper()
	content, err := json.Marshal(set())
	if err != nil {
		t.Fatal(err)
	}
	// A kind of key that nobody knows yet does not make the others useless.
	published := strings.Replace(string(content), `{"keys":[`, `{"keys":[{"kty":"QUANTUM","kid":"new"},`, 1)
	read, err := ReadKeyFile(file(t, []byte(published)))
	if err != nil {
		t.Fatal(err)
	}
	return Verifier{Issuer: "https://login.example.org/", Audience: []string{"events", "test"}, Keys: read, Now: func() time.Time { return now }}
}

// good are the claims of a token that is taken, changed by change.
func good(change func(Claims)) Claims {
	c := Claims{
		"iss": "https://login.example.org/", "sub": "anna", "aud": "events",
		"exp": now.Unix() + 60, "iat": now.Unix(), "nbf": now.Unix(), "scope": "events/read events/write",
	}
	if change != nil {
		change(c)
	}
	return c
}

func sign(t *testing.T, algorithm jose.SignatureAlgorithm, kid string, key any, claims any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
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

func TestVerify_TakesTheIssuersTokens(t *testing.T) {
	for name, change := range map[string]func(Claims){
		"as it is":               nil,
		"several audiences":      func(c Claims) { c["aud"] = []string{"other", "test"} },
		"client instead of aud":  func(c Claims) { delete(c, "aud"); c["client_id"] = "events" },
		"without iat, nbf":       func(c Claims) { delete(c, "iat"); delete(c, "nbf") },
		"about to expire":        func(c Claims) { c["exp"] = now.Unix() + 1 },
		"claims of other shapes": func(c Claims) { c["groups"], c["n"], c["admin"] = []string{"a", "b"}, 1e9, true },
	} {
		claims := good(change)
		for _, algorithm := range []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512} {
			got, err := issuer(t).Verify(t.Context(), sign(t, algorithm, "rsa", keys().rsa, claims))
			if err != nil || got["sub"] != "anna" {
				t.Errorf("%s, %s: got %v, %v", name, algorithm, got, err)
			}
		}
	}
}

func TestVerify_RefusesAttacks(t *testing.T) {
	rs256 := func(change func(Claims)) string { return sign(t, jose.RS256, "rsa", keys().rsa, good(change)) }
	whole := rs256(nil)
	parts := strings.Split(whole, ".")
	admin, _ := json.Marshal(good(func(c Claims) { c["sub"] = "admin" }))
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"rsa"}`))
	der, err := x509.MarshalPKIXPublicKey(keys().rsa.Public())
	if err != nil {
		t.Fatal(err)
	}
	publicKey := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	const noRSA = "no JWT that is signed by RSA"
	for name, a := range map[string]struct{ token, want string }{
		"nothing":                  {"", noRSA},
		"no token":                 {"hunter2", noRSA},
		"algorithm none":           {none + "." + parts[1] + ".", noRSA},
		"none, signature kept":     {none + "." + parts[1] + "." + parts[2], noRSA},
		"HS256 by the public key":  {sign(t, jose.HS256, "rsa", publicKey, good(nil)), noRSA},
		"HS256 by its DER":         {sign(t, jose.HS256, "rsa", der, good(nil)), noRSA},
		"ES256":                    {sign(t, jose.ES256, "ec", keys().ec, good(nil)), noRSA},
		"PS256":                    {sign(t, jose.PS256, "rsa", keys().rsa, good(nil)), noRSA},
		"RSA by the elliptic key":  {sign(t, jose.RS256, "ec", keys().rsa, good(nil)), "signature does not match"},
		"another's key":            {sign(t, jose.RS256, "rsa", keys().other, good(nil)), "signature does not match"},
		"altered claims":           {parts[0] + "." + base64.RawURLEncoding.EncodeToString(admin) + "." + parts[2], "signature does not match"},
		"signature cut":            {parts[0] + "." + parts[1] + "." + parts[2][:100], "signature does not match"},
		"no signature":             {parts[0] + "." + parts[1] + ".", "signature does not match"},
		"no key id":                {sign(t, jose.RS256, "", keys().rsa, good(nil)), "does not name its key"},
		"unknown key id":           {sign(t, jose.RS256, "../rsa", keys().rsa, good(nil)), "none of the issuer's"},
		"ambiguous key id":         {sign(t, jose.RS256, "twice", keys().rsa, good(nil)), "none of the issuer's"},
		"key for encryption":       {sign(t, jose.RS256, "for encryption", keys().rsa, good(nil)), "not for its algorithm"},
		"key for another":          {sign(t, jose.RS256, "for RS512", keys().rsa, good(nil)), "not for its algorithm"},
		"wrong issuer":             {rs256(func(c Claims) { c["iss"] = "https://evil.example/" }), "valid issuer"},
		"issuer without its slash": {rs256(func(c Claims) { c["iss"] = "https://login.example.org" }), "valid issuer"},
		"no issuer":                {rs256(func(c Claims) { delete(c, "iss") }), "valid issuer"},
		"wrong audience":           {rs256(func(c Claims) { c["aud"] = "other" }), "valid audience"},
		"part of an audience":      {rs256(func(c Claims) { c["aud"] = "event" }), "valid audience"},
		"no audience":              {rs256(func(c Claims) { delete(c, "aud") }), "valid audience"},
		"empty audience, client":   {rs256(func(c Claims) { c["aud"], c["client_id"] = []string{}, "events" }), "valid audience"},
		"wrong audience, client":   {rs256(func(c Claims) { c["aud"], c["client_id"] = "other", "events" }), "valid audience"},
		"wrong client":             {rs256(func(c Claims) { delete(c, "aud"); c["client_id"] = "other" }), "valid audience"},
		"expired":                  {rs256(func(c Claims) { c["exp"] = now.Unix() }), "has expired"},
		"never expires":            {rs256(func(c Claims) { delete(c, "exp") }), "never expires"},
		"expires in words":         {rs256(func(c Claims) { c["exp"] = "tomorrow" }), "claims are malformed"},
		"not yet valid":            {rs256(func(c Claims) { c["nbf"] = now.Unix() + 1 }), "not valid yet"},
		"of the future":            {rs256(func(c Claims) { c["iat"] = now.Unix() + 1 }), "issued in the future"},
		"claims are no object":     {sign(t, jose.RS256, "rsa", keys().rsa, []string{"iss"}), "claims are malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := issuer(t).Verify(t.Context(), a.token)
			var invalid *InvalidError
			if !errors.As(err, &invalid) || !strings.Contains(err.Error(), a.want) {
				t.Errorf("got %v, want %q", err, a.want)
			}
		})
	}
}

func TestClaims_HaveScopesInEitherForm(t *testing.T) {
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

func TestClaims_AreTextsAsAPIGatewayHasThem(t *testing.T) {
	claims := good(func(c Claims) { c["groups"], c["admin"], c["email"] = []string{"a", "b"}, true, nil })
	got, err := issuer(t).Verify(t.Context(), sign(t, jose.RS256, "rsa", keys().rsa, claims))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"iss": "https://login.example.org/", "sub": "anna", "aud": "events", "exp": "1795419060", "iat": "1795419000", "nbf": "1795419000",
		"scope": "events/read events/write", "groups": "[a b]", "admin": "true",
	}
	if diff := cmp.Diff(want, got.Strings()); diff != "" {
		t.Errorf("texts (-want +got):\n%s", diff)
	}
}

func TestReadFile_SaysWhatIsWrong(t *testing.T) {
	for content, want := range map[string]string{"": "unexpected end", `{"keys":[]}`: "no keys", `{"keys":[{"kty":"QUANTUM"}]}`: "no keys", `[]`: "cannot unmarshal"} {
		if _, err := ReadKeyFile(file(t, []byte(content))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", content, err, want)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("e30.e30.")
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","kid":"rsa"}`)) + ".e30.AA")
	f.Fuzz(func(t *testing.T, token string) {
		if claims, err := issuer(t).Verify(t.Context(), token); err == nil {
			t.Errorf("%q is taken: %v", token, claims)
		}
	})
}

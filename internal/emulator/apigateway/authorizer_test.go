package apigateway

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam/oidc"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam/sigv4"
)

// newAuthorizedHandler returns a handler whose routes use the authorizer. The handler stores the
// last line of the access log in *logged.
func newAuthorizedHandler(
	t *testing.T, authorizer Authorizer, change func(*API),
) (h *Handler, logged *map[string]any) {
	t.Helper()
	logged = new(map[string]any)
	return newHandler(t, func(a *API) {
		a.Routes = []Route{
			{Key: "GET /events/{eventId}", Function: "api", Authorizer: authorizer},
			{Key: "POST /events", Function: "api", Authorizer: authorizer},
		}
		a.AccessLog = func(l []byte) {
			if err := json.Unmarshal(l, logged); err != nil {
				t.Error(err)
			}
		}
		if change != nil {
			change(a)
		}
	}), logged
}

// caller returns requestContext.authorizer of the event that echo received. echo sends its event as
// the response.
func caller(t *testing.T, w *httptest.ResponseRecorder) any {
	t.Helper()
	var got struct {
		RequestContext struct{ Authorizer any }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
		t.Fatalf("got %d %s, %v", w.Code, w.Body, err)
	}
	return got.RequestContext.Authorizer
}

func expectError(t *testing.T, w *httptest.ResponseRecorder, status int, text string) {
	t.Helper()
	if body := `{"message":"` + text + `"}`; w.Code != status || w.Body.String() != body {
		t.Errorf("got %d %s, want %d %s", w.Code, w.Body, status, body)
	}
}

func iamAuthorizer() IAM {
	return IAM{Account: "000000000000", Verifier: sigv4.Verifier{
		Service: "execute-api", Region: "us-east-1", Secrets: map[string]string{"local": "local"},
		Now: func() time.Time { return start },
	}}
}

func signedRequest(t *testing.T, secret, method, target, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	sum := sha256.Sum256([]byte(body))
	credentials := aws.Credentials{AccessKeyID: "local", SecretAccessKey: secret}
	err := v4.NewSigner().SignHTTP(t.Context(), credentials, r, hex.EncodeToString(sum[:]),
		"execute-api", "us-east-1", start)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestIAM_PassesTheCallerToTheFunction(t *testing.T) {
	h, _ := newAuthorizedHandler(t, iamAuthorizer(), nil)
	want := map[string]any{"iam": map[string]any{
		"accessKey": "local", "accountId": "000000000000", "callerId": "local", "userId": "local",
		"userArn":         "arn:aws:iam::000000000000:user/local",
		"cognitoIdentity": nil, "principalOrgId": nil,
	}}
	for _, r := range []*http.Request{
		signedRequest(t, "local", "GET", "/events/1", ""),
		signedRequest(t, "local", "POST", "/events", `{"a":1}`),
	} {
		if diff := cmp.Diff(any(want), caller(t, serve(h, r))); diff != "" {
			t.Errorf("%s: authorizer (-want +got):\n%s", r.Method, diff)
		}
	}
}

// An outer handler can remove the stage from the URL path. The signature covers the original path.
func TestIAM_VerifiesTheOriginalPath(t *testing.T) {
	h, _ := newAuthorizedHandler(t, iamAuthorizer(), nil)
	w := serve(http.StripPrefix("/v1", h), signedRequest(t, "local", "GET", "/v1/events/1", ""))
	if w.Code != http.StatusOK {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	moved := signedRequest(t, "local", "GET", "/events/1", "")
	moved.URL.Path, moved.RequestURI = "/v1/events/1", "/v1/events/1"
	expectError(t, serve(http.StripPrefix("/v1", h), moved), http.StatusForbidden, "Forbidden")
}

func TestIAM_RejectsInvalidSignatures(t *testing.T) {
	h, line := newAuthorizedHandler(t, iamAuthorizer(), func(a *API) { a.Invoke = mustNotRun(t) })
	altered := signedRequest(t, "local", "POST", "/events", `{"a":1}`)
	altered.Body = httptest.NewRequest("POST", "/", strings.NewReader(`{"a":2}`)).Body
	forged := httptest.NewRequest("GET", "/events/1", nil)
	forged.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=…")
	for name, r := range map[string]*http.Request{
		"unsigned":       httptest.NewRequest("GET", "/events/1", nil),
		"another secret": signedRequest(t, "guess", "GET", "/events/1", ""),
		"altered body":   altered,
		"forged":         forged,
	} {
		w := serve(h, r)
		expectError(t, w, http.StatusForbidden, "Forbidden")
		if reason, _ := (*line)["authorizerError"].(string); reason == "" {
			t.Errorf("%s: the access log has no reason: %v", name, *line)
		}
	}
}

// mustNotRun returns an Invoke func that fails the test.
func mustNotRun(t *testing.T) func(context.Context, string, []byte) (Result, error) {
	return func(_ context.Context, function string, _ []byte) (Result, error) {
		t.Errorf("function %s was invoked", function)
		return Result{}, errors.New("must not run")
	}
}

var key = sync.OnceValues(func() (*rsa.PrivateKey, error) {
	return rsa.GenerateKey(rand.Reader, 2048)
})

// issuerKeys implements oidc.KeySource. It knows only the key with the id "k". For the key id
// "down", it acts like an issuer that does not respond.
type issuerKeys struct{ *testing.T }

func (p issuerKeys) Key(_ context.Context, issuer, id string) (jose.JSONWebKey, error) {
	private, err := key()
	switch {
	case err != nil:
		return jose.JSONWebKey{}, err
	case id == "down":
		return jose.JSONWebKey{}, errors.New("the issuer is down")
	case id != "k" || issuer != "https://login.example.org":
		return jose.JSONWebKey{}, oidc.ErrUnknownKey
	}
	return jose.JSONWebKey{Key: private.Public(), KeyID: id}, nil
}

func token(t *testing.T, kid string, change map[string]any) string {
	t.Helper()
	private, err := key()
	if err != nil {
		t.Fatal(err)
	}
	signingKey := jose.JSONWebKey{Key: private, KeyID: kid}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: signingKey}, nil)
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{
		"iss": "https://login.example.org", "sub": "anna", "aud": "events",
		"exp": start.Unix() + 60, "scope": "events/read other",
	}
	maps.Copy(claims, change)
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func jwtAuthorizer(t *testing.T, scopes ...string) JWT {
	return JWT{
		Verifier: oidc.Verifier{
			Issuer: "https://login.example.org", Audience: []string{"events"},
			Keys: issuerKeys{t}, Now: func() time.Time { return start },
		},
		IdentitySource: "$request.header.Authorization", Scopes: scopes,
	}
}

func requestWith(authorization string) *http.Request {
	r := httptest.NewRequest("GET", "/events/1", nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return r
}

func TestJWT_PassesTheClaimsToTheFunction(t *testing.T) {
	claims := map[string]any{
		"iss": "https://login.example.org", "sub": "anna", "aud": "events",
		"exp": "1795419060", "scope": "events/read other",
	}
	for _, scheme := range []string{"Bearer ", "bearer  ", ""} {
		h, _ := newAuthorizedHandler(t, jwtAuthorizer(t, "events/write", "events/read"), nil)
		want := map[string]any{"jwt": map[string]any{"claims": claims,
			"scopes": []any{"events/write", "events/read"}}}
		diff := cmp.Diff(any(want), caller(t, serve(h, requestWith(scheme+token(t, "k", nil)))))
		if diff != "" {
			t.Errorf("%q: authorizer (-want +got):\n%s", scheme, diff)
		}
	}
	h, _ := newAuthorizedHandler(t, jwtAuthorizer(t), nil)
	want := map[string]any{"jwt": map[string]any{"claims": claims, "scopes": nil}}
	diff := cmp.Diff(any(want), caller(t, serve(h, requestWith(token(t, "k", nil)))))
	if diff != "" {
		t.Errorf("without scopes: authorizer (-want +got):\n%s", diff)
	}
}

func TestJWT_RejectsInvalidTokens(t *testing.T) {
	twice := requestWith("Bearer " + token(t, "k", nil))
	twice.Header.Add("Authorization", "Bearer "+token(t, "k", nil))
	for name, c := range map[string]struct {
		request   *http.Request
		status    int
		text      string
		challenge string
	}{
		"none": {requestWith(""), 401, "Unauthorized", "Bearer"},
		"garbage": {requestWith("Bearer x"), 401, "Unauthorized",
			`error="invalid_token" error_description="the token must be a JWT`},
		"signed": {signedRequest(t, "local", "GET", "/events/1", ""), 401, "Unauthorized",
			`error="invalid_token"`},
		"two": {twice, 401, "Unauthorized", `error="invalid_token"`},
		"expired": {requestWith("Bearer " + token(t, "k", map[string]any{"exp": start.Unix()})),
			401, "Unauthorized", `error_description="the token has expired"`},
		"audience": {requestWith("Bearer " + token(t, "k", map[string]any{"aud": "other"})), 401,
			"Unauthorized", `error_description="the token does not have a valid audience"`},
		"no scope": {requestWith("Bearer " + token(t, "k", map[string]any{"scope": "other"})), 403,
			"Forbidden", `Bearer scope="events/read" error="insufficient_scope"`},
		"similar scope": {requestWith("Bearer " +
			token(t, "k", map[string]any{"scope": "events/readers xevents/read"})), 403,
			"Forbidden", `error="insufficient_scope"`},
		"issuer down": {requestWith("Bearer " + token(t, "down", nil)), 500,
			"Internal Server Error", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h, line := newAuthorizedHandler(t, jwtAuthorizer(t, "events/read"), func(a *API) {
				a.Invoke = mustNotRun(t)
			})
			w := serve(h, c.request)
			expectError(t, w, c.status, c.text)
			got := w.Header().Get("Www-Authenticate")
			if !strings.Contains(got, c.challenge) || (c.challenge == "") != (got == "") {
				t.Errorf("challenge %q, want %q", got, c.challenge)
			}
			if reason, _ := (*line)["authorizerError"].(string); reason == "" {
				t.Errorf("the access log has no reason: %v", *line)
			}
		})
	}
}

func TestUnavailable_RejectsEveryRequest(t *testing.T) {
	h, line := newAuthorizedHandler(t, Unavailable{"not emulated"}, func(a *API) {
		a.Invoke = mustNotRun(t)
	})
	expectError(t, serve(h, requestWith("Bearer x")), http.StatusInternalServerError,
		"Internal Server Error")
	if (*line)["authorizerError"] != "not emulated" {
		t.Errorf("access log %v", *line)
	}
}

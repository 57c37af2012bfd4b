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

// guarded is an API of one route, GET /events/{eventId}, whose function echoes; line is the last of its access log.
func guarded(t *testing.T, authorizer Authorizer, change func(*API)) (h *Handler, line *map[string]any) {
	t.Helper()
	line = new(map[string]any)
	return handler(t, func(a *API) {
		a.Routes = []Route{{Key: "GET /events/{eventId}", Function: "api", Authorizer: authorizer}, {Key: "POST /events", Function: "api", Authorizer: authorizer}}
		a.AccessLog = func(l []byte) {
			if err := json.Unmarshal(l, line); err != nil {
				t.Error(err)
			}
		}
		if change != nil {
			change(a)
		}
	}), line
}

// caller is requestContext.authorizer of the event that the function echoed.
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

func wantRefusal(t *testing.T, w *httptest.ResponseRecorder, status int, text string) {
	t.Helper()
	if body := `{"message":"` + text + `"}`; w.Code != status || w.Body.String() != body {
		t.Errorf("got %d %s, want %d %s", w.Code, w.Body, status, body)
	}
}

func iam() IAM {
	return IAM{Account: "000000000000", Verifier: sigv4.Verifier{
		Service: "execute-api", Region: "us-east-1", Secrets: map[string]string{"local": "local"}, Now: func() time.Time { return start },
	}}
}

func signed(t *testing.T, secret, method, target, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	sum := sha256.Sum256([]byte(body))
	credentials := aws.Credentials{AccessKeyID: "local", SecretAccessKey: secret}
	if err := v4.NewSigner().SignHTTP(t.Context(), credentials, r, hex.EncodeToString(sum[:]), "execute-api", "us-east-1", start); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestIAM_TellsTheFunctionWhoSigned(t *testing.T) {
	h, _ := guarded(t, iam(), nil)
	want := map[string]any{"iam": map[string]any{
		"accessKey": "local", "accountId": "000000000000", "callerId": "local", "cognitoIdentity": nil, "principalOrgId": nil,
		"userArn": "arn:aws:iam::000000000000:user/local", "userId": "local",
	}}
	for _, r := range []*http.Request{signed(t, "local", "GET", "/events/1", ""), signed(t, "local", "POST", "/events", `{"a":1}`)} {
		if diff := cmp.Diff(any(want), caller(t, do(h, r))); diff != "" {
			t.Errorf("%s: authorizer (-want +got):\n%s", r.Method, diff)
		}
	}
}

// A handler before this one may take a stage off the path; the signature is of the path that was sent.
func TestIAM_ChecksThePathThatWasSent(t *testing.T) {
	h, _ := guarded(t, iam(), nil)
	if w := do(http.StripPrefix("/v1", h), signed(t, "local", "GET", "/v1/events/1", "")); w.Code != http.StatusOK {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	moved := signed(t, "local", "GET", "/events/1", "")
	moved.URL.Path, moved.RequestURI = "/v1/events/1", "/v1/events/1"
	wantRefusal(t, do(http.StripPrefix("/v1", h), moved), http.StatusForbidden, "Forbidden")
}

func TestIAM_RefusesWhatIsNotSignedWell(t *testing.T) {
	h, line := guarded(t, iam(), func(a *API) { a.Invoke = nobody(t) })
	altered := signed(t, "local", "POST", "/events", `{"a":1}`)
	altered.Body = httptest.NewRequest("POST", "/", strings.NewReader(`{"a":2}`)).Body
	pretended := httptest.NewRequest("GET", "/events/1", nil)
	pretended.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=…")
	for name, r := range map[string]*http.Request{
		"unsigned":       httptest.NewRequest("GET", "/events/1", nil),
		"another secret": signed(t, "guess", "GET", "/events/1", ""),
		"altered body":   altered,
		"pretended":      pretended,
	} {
		w := do(h, r)
		wantRefusal(t, w, http.StatusForbidden, "Forbidden")
		if reason, _ := (*line)["authorizerError"].(string); reason == "" {
			t.Errorf("%s: the access log does not say why: %v", name, *line)
		}
	}
}

// nobody is a function that must not be asked.
func nobody(t *testing.T) func(context.Context, string, []byte) (Result, error) {
	return func(_ context.Context, function string, _ []byte) (Result, error) {
		t.Errorf("function %s was asked", function)
		return Result{}, errors.New("nobody")
	}
}

var key = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// published is the issuer's key.
type published struct{ *testing.T }

func (p published) Key(_ context.Context, issuer, id string) (jose.JSONWebKey, error) {
	private, err := key()
	switch {
	case err != nil:
		return jose.JSONWebKey{}, err
	case id == "down":
		return jose.JSONWebKey{}, errors.New("the issuer does not answer")
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
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: private, KeyID: kid}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{"iss": "https://login.example.org", "sub": "anna", "aud": "events", "exp": start.Unix() + 60, "scope": "events/read other"}
	maps.Copy(claims, change)
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func jwtAuthorizer(t *testing.T, scopes ...string) JWT {
	return JWT{
		Verifier:       oidc.Verifier{Issuer: "https://login.example.org", Audience: []string{"events"}, Keys: published{t}, Now: func() time.Time { return start }},
		IdentitySource: "$request.header.Authorization", Scopes: scopes,
	}
}

func bearing(authorization string) *http.Request {
	r := httptest.NewRequest("GET", "/events/1", nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return r
}

func TestJWT_TellsTheFunctionTheClaims(t *testing.T) {
	claims := map[string]any{
		"iss": "https://login.example.org", "sub": "anna", "aud": "events", "exp": "1795419060", "scope": "events/read other",
	}
	for _, scheme := range []string{"Bearer ", "bearer  ", ""} {
		h, _ := guarded(t, jwtAuthorizer(t, "events/write", "events/read"), nil)
		want := map[string]any{"jwt": map[string]any{"claims": claims, "scopes": []any{"events/write", "events/read"}}}
		if diff := cmp.Diff(any(want), caller(t, do(h, bearing(scheme+token(t, "k", nil))))); diff != "" {
			t.Errorf("%q: authorizer (-want +got):\n%s", scheme, diff)
		}
	}
	h, _ := guarded(t, jwtAuthorizer(t), nil)
	want := map[string]any{"jwt": map[string]any{"claims": claims, "scopes": nil}}
	if diff := cmp.Diff(any(want), caller(t, do(h, bearing(token(t, "k", nil))))); diff != "" {
		t.Errorf("without scopes: authorizer (-want +got):\n%s", diff)
	}
}

func TestJWT_RefusesOtherTokens(t *testing.T) {
	twice := bearing("Bearer " + token(t, "k", nil))
	twice.Header.Add("Authorization", "Bearer "+token(t, "k", nil))
	for name, c := range map[string]struct {
		request   *http.Request
		status    int
		text      string
		challenge string
	}{
		"none":      {bearing(""), 401, "Unauthorized", "Bearer"},
		"garbage":   {bearing("Bearer x"), 401, "Unauthorized", `error="invalid_token" error_description="the token is no JWT`},
		"signed":    {signed(t, "local", "GET", "/events/1", ""), 401, "Unauthorized", `error="invalid_token"`},
		"two":       {twice, 401, "Unauthorized", `error="invalid_token"`},
		"expired":   {bearing("Bearer " + token(t, "k", map[string]any{"exp": start.Unix()})), 401, "Unauthorized", `error_description="the token has expired"`},
		"audience":  {bearing("Bearer " + token(t, "k", map[string]any{"aud": "other"})), 401, "Unauthorized", `error_description="the token does not have a valid audience"`},
		"no scope":  {bearing("Bearer " + token(t, "k", map[string]any{"scope": "other"})), 403, "Forbidden", `Bearer scope="events/read" error="insufficient_scope"`},
		"like one":  {bearing("Bearer " + token(t, "k", map[string]any{"scope": "events/readers xevents/read"})), 403, "Forbidden", `error="insufficient_scope"`},
		"no answer": {bearing("Bearer " + token(t, "down", nil)), 500, "Internal Server Error", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h, line := guarded(t, jwtAuthorizer(t, "events/read"), func(a *API) { a.Invoke = nobody(t) })
			w := do(h, c.request)
			wantRefusal(t, w, c.status, c.text)
			if got := w.Header().Get("Www-Authenticate"); !strings.Contains(got, c.challenge) || (c.challenge == "") != (got == "") {
				t.Errorf("challenge %q, want %q", got, c.challenge)
			}
			if reason, _ := (*line)["authorizerError"].(string); reason == "" {
				t.Errorf("the access log does not say why: %v", *line)
			}
		})
	}
}

func TestBroken_LetsNobodyIn(t *testing.T) {
	h, line := guarded(t, Unavailable{"it is not run"}, func(a *API) { a.Invoke = nobody(t) })
	wantRefusal(t, do(h, bearing("Bearer x")), http.StatusInternalServerError, "Internal Server Error")
	if (*line)["authorizerError"] != "it is not run" {
		t.Errorf("access log %v", *line)
	}
}

package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// call creates a request, passes it to the function prepare, and sends it. It returns the response.
// The function prepare can change the request.
func (p *platform) call(
	t *testing.T, method, path, body string, prepare func(*http.Request),
) (status int, response string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, p.API+path,
		strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	prepare(request)
	r, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	content, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(content)
}

// acceptWith sends an event and returns the event id. The function prepare can change the request.
func (p *platform) acceptWith(t *testing.T, body string, prepare func(*http.Request)) string {
	t.Helper()
	status, text := p.call(t, "POST", "/events", body, prepare)
	var response struct{ EventID string }
	err := json.Unmarshal([]byte(text), &response)
	if err != nil || status != http.StatusAccepted {
		t.Fatalf("POST /events: got %d %s, %v", status, text, err)
	}
	return response.EventID
}

// signedBy returns a function that signs a request with an access key. body must be the request's
// body.
func signedBy(t *testing.T, key, secret, body string, at time.Time) func(*http.Request) {
	return func(r *http.Request) {
		sum := sha256.Sum256([]byte(body))
		credentials := aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}
		err := v4.NewSigner().SignHTTP(t.Context(), credentials, r, hex.EncodeToString(sum[:]),
			"execute-api", "us-east-1", at)
		if err != nil {
			t.Fatal(err)
		}
	}
}

// runAs runs the eventpipeline command with additional environment variables.
func (p *platform) runAs(t *testing.T, env []string, args ...string) (string, error) {
	t.Helper()
	cmd := command(t.Context(), args...)
	cmd.Env = append(p.env(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func userEnv(key, secret string) []string {
	return []string{"AWS_ACCESS_KEY_ID=" + key, "AWS_SECRET_ACCESS_KEY=" + secret}
}

func TestAuthorization_IAM(t *testing.T) {
	logs := t.TempDir()
	p := start(t, "--authorize", "--credentials", "anna:annas", "--credentials",
		"bert:canary-secret", "--logs", logs)
	const body = `{"eventType":"signed","message":"canary-message"}`
	anna, bert := signedBy(t, "anna", "annas", body, time.Now()),
		signedBy(t, "bert", "canary-secret", body, time.Now())

	status, text := p.call(t, "GET", "/health", "", func(*http.Request) {})
	if status != http.StatusOK || text != `{"status":"ok"}` {
		t.Errorf("health: got %d %s", status, text)
	}
	for name, attack := range map[string]func(*http.Request){
		"unsigned":       func(*http.Request) {},
		"another secret": signedBy(t, "anna", "berts", body, time.Now()),
		"bearer token": func(r *http.Request) {
			r.Header.Set("Authorization", "Bearer canary-token")
		},
		"unknown key":   signedBy(t, "mallory", "annas", body, time.Now()),
		"altered body":  signedBy(t, "anna", "annas", `{"eventType":"other"}`, time.Now()),
		"altered path":  func(r *http.Request) { anna(r); r.URL.RawQuery = "as=admin" },
		"sent too late": signedBy(t, "anna", "annas", body, time.Now().Add(-6*time.Minute)),
		"as another user": func(r *http.Request) {
			anna(r)
			header := r.Header.Get("Authorization")
			header = strings.Replace(header, "Credential=anna/", "Credential=bert/", 1)
			r.Header.Set("Authorization", header)
		},
	} {
		status, text := p.call(t, "POST", "/events", body, attack)
		if status != http.StatusForbidden || text != `{"message":"Forbidden"}` {
			t.Errorf("%s: got %d %s", name, status, text)
		}
	}
	if n := p.countItems(t); n != 0 {
		t.Errorf("%d rejected events were stored", n)
	}

	id := p.acceptWith(t, body, anna)
	item := p.getItem(t, p.Outputs["EventsTableName"], "EVENT#"+id)
	caller := stringAttribute(item, "caller")
	if caller != "iam arn:aws:iam::000000000000:user/anna" {
		t.Errorf("the event's caller is %q", caller)
	}
	waitUntil(t, func() string {
		out, err := p.runAs(t, userEnv("anna", "annas"), "status", "--api", p.API, "--sign",
			"--json", id)
		if err != nil || !strings.Contains(out, `"PROCESSED"`) {
			return "the event's caller gets " + out
		}
		return ""
	})
	out, err := p.runAs(t, userEnv("bert", "canary-secret"), "status", "--api", p.API, "--sign", id)
	if err == nil || !strings.Contains(out, "HTTP 404") {
		t.Errorf("another caller gets %s", out)
	}
	out, err = p.runAs(t, userEnv("anna", "annas"), "status", "--api", p.API, id)
	if err == nil || !strings.Contains(out, "HTTP 403") || !strings.Contains(out, "--sign") {
		t.Errorf("without --sign: %s", out)
	}
	out, err = p.runAs(t, userEnv("bert", "canary-secret"), "send", "--api", p.API, "--sign",
		"--count", "20", "--batch", "7", "--gzip")
	if err != nil || !strings.Contains(out, "\n20 accepted, 0 refused") {
		t.Errorf("send --sign: %v %s", err, out)
	}

	keyed := func(sign func(*http.Request)) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Idempotency-Key", "order-1"); sign(r) }
	}
	first, again, other := p.acceptWith(t, body, keyed(anna)), p.acceptWith(t, body, keyed(anna)),
		p.acceptWith(t, body, keyed(bert))
	if first != again || first == other {
		t.Errorf("with one key, anna got the events %s and %s, bert got %s", first, again, other)
	}
	found := readLogs(t, logs)
	found["output"] = p.log.String()
	expectNoSecrets(t, found)
}

func TestAuthorization_JWT(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public := jose.JSONWebKey{Key: private.Public(), KeyID: "k"}
	jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(file, jwks, 0o600); err != nil {
		t.Fatal(err)
	}
	token := func(subject, audience, scope string, expires time.Duration) string {
		key := jose.JSONWebKey{Key: private, KeyID: "k"}
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, nil)
		if err != nil {
			t.Fatal(err)
		}
		claims := map[string]any{
			"iss": "https://login.example.org", "aud": audience, "scope": scope,
			"exp": time.Now().Add(expires).Unix(), "email": "canary-email",
		}
		if subject != "" {
			claims["sub"] = subject
		}
		text, err := jwt.Signed(signer).Claims(claims).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	withToken := func(token string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	}
	logs := t.TempDir()
	p := startTestApp(t, "jwt", "--jwks", file, "--logs", logs)
	const body, both = `{"eventType":"token","message":"hello"}`, "events/write events/read"
	good := strings.Split(token("anna", "events", both, time.Hour), ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"k"}`))

	for name, c := range map[string]struct {
		prepare func(*http.Request)
		status  int
	}{
		"no token":       {func(*http.Request) {}, 401},
		"no JWT":         {withToken("canary-token"), 401},
		"IAM signature":  {signedBy(t, "local", "local", body, time.Now()), 401},
		"algorithm none": {withToken(none + "." + good[1] + "."), 401},
		"altered":        {withToken(good[0] + "." + good[1] + "A." + good[2]), 401},
		"expired":        {withToken(token("anna", "events", both, -time.Second)), 401},
		"other audience": {withToken(token("anna", "other", both, time.Hour)), 401},
		"other scope":    {withToken(token("anna", "events", "events/read", time.Hour)), 403},
		// API Gateway accepts a token without a subject. The API function rejects it.
		"no subject": {withToken(token("", "events", both, time.Hour)), 403},
	} {
		if status, text := p.call(t, "POST", "/events", body, c.prepare); status != c.status {
			t.Errorf("%s: got %d %s, want %d", name, status, text, c.status)
		}
	}
	if n := p.countItems(t); n != 0 {
		t.Errorf("%d rejected events were stored", n)
	}

	anna, bert := token("anna", "events", both, time.Hour), token("bert", "events", both, time.Hour)
	id := p.acceptWith(t, body, withToken(anna))
	item := p.getItem(t, p.Outputs["EventsTableName"], "EVENT#"+id)
	if caller := stringAttribute(item, "caller"); caller != "jwt https://login.example.org anna" {
		t.Errorf("the event's caller is %q", caller)
	}
	for name, c := range map[string]struct {
		token  string
		status int
	}{
		"own event": {anna, 200}, "another caller": {bert, 404},
		"without the scope": {token("anna", "events", "events/write", time.Hour), 403},
	} {
		status, text := p.call(t, "GET", "/events/"+id, "", withToken(c.token))
		if status != c.status {
			t.Errorf("%s: got %d %s, want %d", name, status, text, c.status)
		}
	}
	out, err := p.runAs(t, []string{"EVENTPIPELINE_TOKEN=" + bert}, "send", "--api", p.API,
		"--count", "3")
	if err != nil || !strings.Contains(out, "\n3 accepted, 0 refused") {
		t.Errorf("send with a token: %v %s", err, out)
	}
	expired := token("anna", "events", both, -time.Hour)
	out, err = p.runAs(t, []string{"EVENTPIPELINE_TOKEN=" + expired}, "status", "--api", p.API, id)
	if err == nil || !strings.Contains(out, "HTTP 401") ||
		!strings.Contains(out, "the token has expired") {
		t.Errorf("status with an expired token: %s", out)
	}
	found := readLogs(t, logs)
	found["output"] = p.log.String()
	for where, log := range found {
		// All signed tokens begin with good[0]. With this replacement, expectNoSecrets finds a
		// token in a log.
		found[where] = strings.ReplaceAll(log, good[0], "canary-jwt")
	}
	expectNoSecrets(t, found)
}

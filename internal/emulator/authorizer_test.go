package emulator

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam/oidc"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

const demo = `{"eventId":"e-1","eventType":"demo"}`

// request posts an event to the API. prepare can change the request before it is sent.
func request(t *testing.T, p *Platform, prepare func(*http.Request)) (status int, body string) {
	t.Helper()
	url := p.APIs[0].URL + "/events"
	r, err := http.NewRequestWithContext(t.Context(), "POST", url, strings.NewReader(demo))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	prepare(r)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

func signedBy(t *testing.T, key, secret string) func(*http.Request) {
	return func(r *http.Request) {
		sum := sha256.Sum256([]byte(demo))
		credentials := aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}
		err := v4.NewSigner().SignHTTP(t.Context(), credentials, r, hex.EncodeToString(sum[:]),
			"execute-api", DefaultRegion, time.Now())
		if err != nil {
			t.Error(err)
		}
	}
}

func TestPlatform_VerifiesSignaturesOfIAMRoutes(t *testing.T) {
	dir := withAuthorizationType(t, "AWS_IAM")
	p, steps := start(
		t,
		func(o *Options) { o.Assembly, o.Credentials = dir, map[string]string{"anna": "annas"} },
	)
	if !p.APIs[0].Signed || p.APIs[0].Token {
		t.Errorf("the API is %+v", p.APIs[0])
	}
	for name, sign := range map[string]func(*http.Request){
		"unsigned":              func(*http.Request) {},
		"wrong secret":          signedBy(t, "local", "guess"),
		"unknown key":           signedBy(t, "bert", "bert"),
		"secret of another key": signedBy(t, "anna", "local"),
	} {
		status, body := request(t, p, sign)
		if status != http.StatusForbidden || body != `{"message":"Forbidden"}` {
			t.Errorf("%s: got %d %s", name, status, body)
		}
	}
	steps.wait(t, "not authorized", "")
	for key, secret := range map[string]string{"local": "local", "anna": "annas"} {
		status, body := request(t, p, signedBy(t, key, secret))
		arn := `"userArn":"arn:aws:iam::000000000000:user/` + key + `"`
		if status != http.StatusAccepted || !strings.Contains(body, arn) {
			t.Errorf("%s: got %d %s", key, status, body)
		}
	}
}

// withAuthorizationType returns a copy of the test pipeline. The copy's route has the given
// authorization type.
func withAuthorizationType(t *testing.T, authorizationType string) (dir string) {
	t.Helper()
	return pipelineWithProperties(t, func(properties func(string) map[string]any) {
		properties("Route")["AuthorizationType"] = authorizationType
	})
}

// withAuthorizer returns a copy of the test pipeline. The copy's route has an authorizer with the
// given properties.
func withAuthorizer(
	t *testing.T,
	authorizationType string,
	properties map[string]any,
) (dir string) {
	t.Helper()
	return pipelineWithResources(t, func(resources map[string]map[string]any) {
		properties["ApiId"] = map[string]any{"Ref": "Api"}
		resources["Authorizer"] = map[string]any{
			"Type":       "AWS::ApiGatewayV2::Authorizer",
			"Properties": properties,
		}
		worker := resources["WorkerFunction"]["Properties"].(map[string]any)
		resources["Doorman"] = map[string]any{
			"Type": "AWS::Lambda::Function",
			"Properties": map[string]any{
				"Runtime": "provided.al2023",
				"Code":    worker["Code"],
				"Timeout": 10,
				"Environment": map[string]any{
					"Variables": map[string]string{"PIPELINE_ROLE": "authorizer"},
				},
			},
		}
		resources["DoormanPermission"] = map[string]any{
			"Type": "AWS::Lambda::Permission",
			"Properties": map[string]any{
				"Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com",
				"FunctionName": map[string]any{"Ref": "Doorman"},
			},
		}
		route := resources["Route"]["Properties"].(map[string]any)
		route["AuthorizationType"], route["AuthorizerId"] = authorizationType, map[string]any{
			"Ref": "Authorizer",
		}
		route["AuthorizationScopes"] = []string{"events/write"}
	})
}

func uriOf(function string) map[string]any {
	return map[string]any{"Fn::Join": []any{
		"",
		[]any{
			"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/",
			map[string]any{"Fn::GetAtt": []string{function, "Arn"}},
			"/invocations",
		},
	}}
}

func TestPlatform_InvokesLambdaAuthorizer(t *testing.T) {
	dir := withAuthorizer(t, "CUSTOM", map[string]any{
		"AuthorizerType":                 "REQUEST",
		"AuthorizerPayloadFormatVersion": "2.0",
		"EnableSimpleResponses":          true,
		"AuthorizerUri":                  uriOf("Doorman"),
		"IdentitySource":                 []string{"$request.header.Authorization"},
	})
	p, _ := start(t, func(o *Options) { o.Assembly = dir })
	say := func(text string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", text)
			r.Header.Set("X-Name", "ali")
		}
	}
	status, body := request(t, p, say("open sesame"))
	if status != http.StatusAccepted || body != `{"lambda":{"sub":"ali"}}` {
		t.Errorf("got %d %s", status, body)
	}
	if status, _ := request(t, p, say("open wheat")); status != http.StatusForbidden {
		t.Errorf("wrong password: got %d", status)
	}
	if status, _ := request(t, p, func(*http.Request) {}); status != http.StatusUnauthorized {
		t.Errorf("without a password: got %d, want 401", status)
	}
}

func TestPlatform_VerifiesTokensWithTheKeysInOptions(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	jwks, err := json.Marshal(
		jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: private.Public(), KeyID: "k"}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(file, jwks, 0o600); err != nil {
		t.Fatal(err)
	}
	keys, err := oidc.ReadKeyFile(file)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: private, KeyID: "k"}},
		nil,
	)
	if err != nil {
		t.Fatal(err)
	}
	bearing := func(scope string) func(*http.Request) {
		token, err := jwt.Signed(signer).Claims(map[string]any{
			"iss":   "https://login.example.org",
			"aud":   "events",
			"sub":   "anna",
			"exp":   time.Now().Unix() + 60,
			"scope": scope,
		}).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	}
	dir := withAuthorizer(t, "JWT", map[string]any{
		"AuthorizerType": "JWT",
		"IdentitySource": []string{"$request.header.Authorization"},
		"JwtConfiguration": map[string]any{
			"Issuer":   "https://login.example.org",
			"Audience": []string{"events"},
		},
	})
	p, _ := start(t, func(o *Options) { o.Assembly, o.Keys = dir, keys })
	if !p.APIs[0].Token || p.APIs[0].Signed {
		t.Errorf("the API is %+v", p.APIs[0])
	}
	status, body := request(t, p, bearing("events/write"))
	if status != http.StatusAccepted || !strings.Contains(body, `"sub":"anna"`) ||
		!strings.Contains(body, `"scopes":["events/write"]`) {
		t.Errorf("got %d %s", status, body)
	}
	if status, _ := request(t, p, bearing("events/read")); status != http.StatusForbidden {
		t.Errorf("wrong scope: got %d", status)
	}
	if status, _ := request(t, p, func(*http.Request) {}); status != http.StatusUnauthorized {
		t.Errorf("without a token: got %d, want 401", status)
	}
}

// A route whose authorizer the platform does not support must reject all requests.
func TestPlatform_RejectsRequestsIfAuthorizerIsUnsupported(t *testing.T) {
	for name, properties := range map[string]map[string]any{
		"function": {
			"AuthorizerType": "REQUEST", "AuthorizerPayloadFormatVersion": "2.0",
			"AuthorizerUri": uriOf("Cleaner"),
		},
		"payload format": {
			"AuthorizerType": "REQUEST", "AuthorizerPayloadFormatVersion": "1.0",
			"AuthorizerUri": uriOf("Doorman"),
		},
		"$stageVariables.a": {
			"AuthorizerType": "REQUEST", "AuthorizerPayloadFormatVersion": "2.0",
			"AuthorizerUri": uriOf("Doorman"), "IdentitySource": []string{"$stageVariables.a"},
		},
		"one identity source": {"AuthorizerType": "JWT"},
		"COGNITO":             {"AuthorizerType": "COGNITO"},
	} {
		dir := withAuthorizer(t, "CUSTOM", properties)
		p, _ := start(t, func(o *Options) { o.Assembly = dir })
		status, body := request(t, p, signedBy(t, "local", "local"))
		if status != http.StatusInternalServerError {
			t.Errorf("%s: got %d %s", name, status, body)
		}
		if !slices.ContainsFunc(p.NotRun, func(what string) bool {
			return strings.HasPrefix(what, "AWS::ApiGatewayV2::Authorizer, ") &&
				strings.Contains(what, name)
		}) {
			t.Errorf("not run: %q, want an authorizer because of %q", p.NotRun, name)
		}
	}
	dir := withAuthorizationType(t, "CUSTOM")
	p, _ := start(t, func(o *Options) { o.Assembly = dir })
	status, body := request(t, p, func(*http.Request) {})
	if status != http.StatusInternalServerError {
		t.Errorf("missing authorizer: got %d %s", status, body)
	}
}

func TestPlatform_ServesAPIWithCustomDomainOnLoopback(t *testing.T) {
	dir := pipelineWithResources(t, func(resources map[string]map[string]any) {
		resources["Domain"] = map[string]any{
			"Type": "AWS::ApiGatewayV2::DomainName",
			"Properties": map[string]any{
				"DomainName": "events.example.org",
				"MutualTlsAuthentication": map[string]string{
					"TruststoreUri": "s3://trust/store.pem",
				},
			},
		}
		resources["DomainMapping"] = map[string]any{
			"Type": "AWS::ApiGatewayV2::ApiMapping",
			"Properties": map[string]any{
				"ApiId": map[string]any{
					"Ref": "Api",
				},
				"DomainName":    map[string]any{"Ref": "Domain"},
				"Stage":         "$default",
				"ApiMappingKey": "v1",
			},
		}
		function := resources["ApiFunction"]["Properties"].(map[string]any)
		environment := function["Environment"].(map[string]any)
		environment["Variables"].(map[string]any)["API_URL"] = map[string]any{
			"Fn::Join": []any{"", []any{"https://", map[string]any{"Ref": "Domain"}, "/v1/"}},
		}
		resources["ApiFunction"]["DependsOn"] = []string{"DomainMapping"}
	})
	p, _ := start(t, func(o *Options) { o.Assembly = dir })
	if url := post(t, p, demo); url != p.APIs[0].URL+"/" {
		t.Errorf("the function got the API's URL %s, want %s", url, p.APIs[0].URL)
	}
	if !slices.Contains(p.NotRun, "mutual TLS of events.example.org") {
		t.Errorf("not run: %q", p.NotRun)
	}
}

// With Options.Authorize, the platform must not serve an app whose API accepts requests without
// authorization.
func TestNew_RejectsOpenAPIIfAuthorizationIsRequired(t *testing.T) {
	open, err := testPipeline()
	if err != nil {
		t.Fatal(err)
	}
	_, err = New(t.Context(), Options{Assembly: open, Authorize: true})
	if err == nil || !strings.Contains(err.Error(), contract.AuthorizeContext) {
		t.Errorf("got %v", err)
	}
	closed := withAuthorizationType(t, "AWS_IAM")
	start(t, func(o *Options) { o.Assembly, o.Authorize = closed, true })
}

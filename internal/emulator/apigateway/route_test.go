package apigateway

import (
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFindRoute_ReturnsTheMostSpecificRoute(t *testing.T) {
	var routes []route
	for _, key := range []string{
		"$default", "ANY /{proxy+}", "GET /files/{path+}", "GET /events/{id}", "ANY /events/{id}",
		"GET /events/latest", "ANY /{a}/b",
	} {
		r, err := compileRoute(Route{Key: key})
		if err != nil {
			t.Fatal(err)
		}
		routes = append(routes, r)
	}
	for _, c := range []struct {
		method, path, key string
		parameters        map[string]string
	}{
		{"GET", "/events/latest", "GET /events/latest", nil},
		{"GET", "/events/7", "GET /events/{id}", map[string]string{"id": "7"}},
		{"PUT", "/events/latest", "ANY /events/{id}", map[string]string{"id": "latest"}},
		{"GET", "/events/a%2Fb", "GET /events/{id}", map[string]string{"id": "a/b"}},
		{"GET", "/events/b", "GET /events/{id}", map[string]string{"id": "b"}},
		{"GET", "/x/b", "ANY /{a}/b", map[string]string{"a": "x"}},
		{"GET", "/files/a/b", "GET /files/{path+}", map[string]string{"path": "a/b"}},
		{"POST", "/files/a/b", "ANY /{proxy+}", map[string]string{"proxy": "files/a/b"}},
		{"GET", "/events/", "ANY /{proxy+}", map[string]string{"proxy": "events/"}},
		{"GET", "/", "$default", nil},
	} {
		got, ok := findRoute(routes, c.method, c.path)
		if !ok || got.Key != c.key {
			t.Errorf("%s %s: got %q, want %q", c.method, c.path, got.Key, c.key)
		}
		if diff := cmp.Diff(c.parameters, got.pathParameters); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", c.method, c.path, diff)
		}
	}
}

func TestRoute_AnswersNotFound(t *testing.T) {
	for _, target := range []string{"/", "/event", "/events/", "/events/a/b", "/health/"} {
		w := serve(newHandler(t, nil), httptest.NewRequest("GET", target, nil))
		expectError(t, w, 404, "Not Found")
	}
}

func TestNew_RejectsInvalidRouteKeys(t *testing.T) {
	for _, key := range []string{"", "events", "GET", "GET events", "GET /{}", "GET /{a+}/b"} {
		if _, err := New(API{Routes: []Route{{Key: key}}}); err == nil {
			t.Errorf("%q was accepted", key)
		}
	}
}

func FuzzFindRoute(f *testing.F) {
	r, _ := compileRoute(Route{Key: "GET /events/{id}"})
	g, _ := compileRoute(Route{Key: "ANY /files/{path+}"})
	f.Add("GET", "/events/%zz")
	f.Fuzz(func(t *testing.T, method, path string) {
		if m, ok := findRoute([]route{r, g}, method, path); ok && len(m.pathParameters) != 1 {
			t.Errorf("%s %s: %v", method, path, m.pathParameters)
		}
	})
}

package apigateway

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// CORS says which origins' scripts may call the API; API Gateway then answers preflight requests itself.
type CORS struct {
	AllowOrigins, AllowMethods, AllowHeaders, ExposeHeaders []string
	MaxAge                                                  int // seconds; 0 is not told
	AllowCredentials                                        bool
}

func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}

// preflight is the header of the answer to a preflight request; without the origin's mark the browser refuses.
func (c *CORS) preflight(origin string) http.Header {
	h := http.Header{}
	if !c.allows(origin) {
		return h
	}
	set(h, "Access-Control-Allow-Methods", c.AllowMethods)
	set(h, "Access-Control-Allow-Headers", c.AllowHeaders)
	if c.MaxAge > 0 {
		h.Set("Access-Control-Max-Age", strconv.Itoa(c.MaxAge))
	}
	return h
}

// setHeaders tells a browser that the origin may see the answer.
func (c *CORS) setHeaders(h http.Header, origin string) {
	// What the function says of it is ignored.
	for _, name := range []string{"Allow-Origin", "Allow-Credentials", "Expose-Headers"} {
		h.Del("Access-Control-" + name)
	}
	if origin == "" || !c.allows(origin) {
		return
	}
	if slices.Contains(c.AllowOrigins, "*") {
		h.Set("Access-Control-Allow-Origin", "*")
	} else {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Add("Vary", "Origin")
	}
	if c.AllowCredentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	set(h, "Access-Control-Expose-Headers", c.ExposeHeaders)
}

// authorize knows, beside origins, "*" and a scheme's "https://*".
func (c *CORS) allows(origin string) bool {
	return slices.ContainsFunc(c.AllowOrigins, func(allowed string) bool {
		scheme, wild := strings.CutSuffix(allowed, "*")
		return allowed == origin || wild && strings.HasPrefix(origin, scheme)
	})
}

func set(h http.Header, name string, values []string) {
	if len(values) > 0 {
		h.Set(name, strings.Join(values, ","))
	}
}

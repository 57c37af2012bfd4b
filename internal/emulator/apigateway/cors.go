package apigateway

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// CORS configures cross-origin requests. With this configuration, API Gateway itself answers
// preflight requests.
type CORS struct {
	AllowOrigins, AllowMethods, AllowHeaders, ExposeHeaders []string
	MaxAge                                                  *int // seconds; nil sends no header
	AllowCredentials                                        bool
}

func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" &&
		r.Header.Get("Access-Control-Request-Method") != ""
}

// preflightHeader returns the header of a response to a preflight request.
func (c *CORS) preflightHeader(origin string) http.Header {
	h := http.Header{}
	if !c.allows(origin) {
		return h
	}
	setList(h, "Access-Control-Allow-Methods", c.AllowMethods)
	setList(h, "Access-Control-Allow-Headers", c.AllowHeaders)
	if c.MaxAge != nil {
		h.Set("Access-Control-Max-Age", strconv.Itoa(*c.MaxAge))
	}
	return h
}

// setHeaders sets the CORS headers that allow the origin to read the response. They replace the
// CORS headers of the function.
func (c *CORS) setHeaders(h http.Header, origin string) {
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
	setList(h, "Access-Control-Expose-Headers", c.ExposeHeaders)
}

// allows reports whether an origin is allowed. AllowOrigins can contain "*" and "https://*".
func (c *CORS) allows(origin string) bool {
	return slices.ContainsFunc(c.AllowOrigins, func(allowed string) bool {
		scheme, wild := strings.CutSuffix(allowed, "*")
		return allowed == origin || wild && strings.HasPrefix(origin, scheme)
	})
}

func setList(h http.Header, name string, values []string) {
	if len(values) > 0 {
		h.Set(name, strings.Join(values, ","))
	}
}

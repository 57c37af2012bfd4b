package s3

import (
	"net/http/httptest"
	"testing"
)

func TestRequestedObject_ReadsTheBucketFromTheHostOrThePath(t *testing.T) {
	for url, want := range map[string][2]string{
		"http://127.0.0.1:4566/orders/a/b":                 {"orders", "a/b"},
		"http://localhost:4566/orders/a/b":                 {"orders", "a/b"},
		"http://s3.localhost:4566/orders/a/b":              {"orders", "a/b"},
		"http://s3.us-east-1.localhost:4566/orders":        {"orders", ""},
		"http://orders.localhost:4566/a/b":                 {"orders", "a/b"},
		"http://orders.localhost/":                         {"orders", ""},
		"http://orders.s3.localhost:4566/a":                {"orders", "a"},
		"http://orders.s3.us-east-1.localhost:4566/a":      {"orders", "a"},
		"http://orders.s3-eu-west-1.localhost:4566/a":      {"orders", "a"},
		"http://my.orders.localhost:4566/a/b":              {"my.orders", "a/b"},
		"http://platform.example.com/orders/a":             {"orders", "a"},
		"http://s3-orders.localhost:4566/a":                {"s3-orders", "a"},
		"http://orders-s3.localhost:4566/orders-s3/object": {"orders-s3", "orders-s3/object"},
	} {
		bucket, key := requestedObject(httptest.NewRequest("GET", url, nil))
		if got := [2]string{bucket, key}; got != want {
			t.Errorf("%s: got %q, want %q", url, got, want)
		}
	}
}

package awsconfig

import (
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// connectionsPerHost is the number of idle connections to keep per host. It is enough for all
// concurrent calls of a batch. The SDK's default is 10.
const connectionsPerHost = 64

// NewHTTPClient returns the HTTP client of the SDK, configured for many concurrent calls.
func NewHTTPClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = connectionsPerHost
	})
}

// PlainBodies returns a client that hides all methods of a request's body except Read and Close.
// Otherwise net/http may close the connection while the response is being read:
//
// The SDK closes the body when the headers of the response arrive. After that, WriteTo of the body
// returns an error. If net/http then calls WriteTo, it treats the error as a broken request and
// closes the connection.
func PlainBodies(client aws.HTTPClient) aws.HTTPClient { return plainBodies{client} }

type plainBodies struct{ client aws.HTTPClient }

func (c plainBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		body := r.Body
		r = r.WithContext(r.Context()) // a copy
		r.Body = struct{ io.ReadCloser }{body}
	}
	return c.client.Do(r)
}

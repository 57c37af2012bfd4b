package awsconfig

import (
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// connectionsPerHost lets all concurrent calls of a batch reuse connections; the SDK keeps only 10.
const connectionsPerHost = 64

// NewHTTPClient returns the SDK's HTTP client for many concurrent calls.
func NewHTTPClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = connectionsPerHost
	})
}

// PlainBodies hides all methods of request bodies except Read and Close. The SDK closes a request's
// body when the response's headers arrive; then the body's WriteTo fails. net/http may call WriteTo
// after that, takes the failure for a broken request, and closes the connection while the response
// is being read.
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

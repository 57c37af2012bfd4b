package awsconfig

import (
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// connectionsPerHost lets a batch's calls to one service all find an open connection; the SDK's default is 10.
const connectionsPerHost = 64

// NewHTTPClient is for clients that make many calls at once.
func NewHTTPClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = connectionsPerHost
	})
}

// PlainBodies is client, to which request bodies show no more than Read and Close. Once a response's headers are there,
// the SDK closes the request's body, and its WriteTo fails from then on. net/http, if it is late to ask that for what
// follows the body, takes it for a broken request and closes the connection, from which the response is still being read.
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

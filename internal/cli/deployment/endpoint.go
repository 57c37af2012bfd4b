package deployment

import (
	"context"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Endpoints returns the URLs in cfg that replace AWS's own URLs. There can be one URL for all
// services, or one URL for each service.
func Endpoints(cfg aws.Config) []string {
	var urls []string
	for _, endpoint := range []*string{
		cloudformation.NewFromConfig(cfg).Options().BaseEndpoint,
		dynamodb.NewFromConfig(cfg).Options().BaseEndpoint,
		lambda.NewFromConfig(cfg).Options().BaseEndpoint,
		s3.NewFromConfig(cfg).Options().BaseEndpoint,
		sqs.NewFromConfig(cfg).Options().BaseEndpoint,
	} {
		if endpoint != nil {
			urls = append(urls, *endpoint)
		}
	}
	slices.Sort(urls)
	return slices.Compact(urls)
}

// OnThisMachine reports whether the host of a URL is the machine itself. It resolves the host's
// name.
func OnThisMachine(ctx context.Context, address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	host := u.Hostname()
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addresses, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	return err == nil && slices.ContainsFunc(addresses, func(address net.IPAddr) bool {
		return address.IP.IsLoopback() || address.IP.IsUnspecified()
	})
}

// String describes the pipeline's stack and where it is deployed.
func (p Pipeline) String() string {
	text := "stack " + p.Stack
	if p.Account != "" {
		text += ", account " + p.Account
	}
	text += ", region " + p.Region
	if endpoints := Endpoints(p.Config); len(endpoints) > 0 {
		text += ", at " + strings.Join(endpoints, " and ")
	}
	return text
}

package protocol

import (
	"net"
	"net/http"
	"regexp"
	"strings"
)

// calledService returns the service for which a request is signed, such as s3 or logs. The host,
// path or headers determine the service of an unsigned request. The default is "".
func calledService(r *http.Request) string {
	if service := signedService(r); service != "" {
		return service
	}
	if service := hostService(r.Host); service != "" {
		return service
	}
	switch {
	case lambdaPath.MatchString(r.URL.Path):
		return Lambda
	case strings.HasPrefix(r.URL.Path, apisPath):
		return APIGateway
	case r.Header.Get("X-Amz-Sso_bearer_token") != "":
		return "sso"
	}
	match := userAgentService.FindStringSubmatch(r.UserAgent())
	if match == nil {
		return ""
	}
	if service := match[1] + match[2]; service != "s3api" { // the AWS CLI's name for S3
		return service
	}
	return S3
}

// credential returns the text after "Credential=" in a request's signature. The text begins with
// KEY/DATE/REGION/SERVICE/aws4_request. It is "" without a signature of version 4.
func credential(r *http.Request) string {
	_, credential, signed := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if !signed {
		return r.URL.Query().Get("X-Amz-Credential")
	}
	return credential
}

// signedService returns the service for which a request is signed, or "" if it is unsigned.
func signedService(r *http.Request) string {
	credential, _, _ := strings.Cut(credential(r), ",")
	// The parts are: access key, date, region, service, aws4_request. SigV4A has no region.
	parts := strings.Split(credential, "/")
	if len(parts) < 4 {
		return ""
	}
	return parts[len(parts)-2]
}

// accessKey returns the access key with which the request is signed, or "" if it is unsigned.
func accessKey(r *http.Request) string {
	signer := credential(r)
	if signer == "" { // presigned URLs of signature version 2 have this parameter
		signer = r.URL.Query().Get("AWSAccessKeyId")
	}
	key, _, _ := strings.Cut(signer, "/")
	return key
}

// Region is a regular expression for the name of a region.
const Region = `[a-z]{2}(-[a-z]+)+-\d`

// regionLabel matches a region in a host name.
var regionLabel = regexp.MustCompile(`^` + Region + `$`)

// hostService returns the service in a host, such as logs for logs.us-east-1.amazonaws.com and iam
// for iam.amazonaws.com. It also accepts SERVICE.REGION.localhost. It returns "" for all other
// hosts.
func hostService(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	labels := strings.Split(host, ".")
	for i, label := range labels {
		if i > 0 && regionLabel.MatchString(label) {
			return labels[i-1]
		}
	}
	if service, ok := strings.CutSuffix(host, ".amazonaws.com"); ok && len(labels) == 3 {
		return service
	}
	return ""
}

// userAgentService matches the service in the User-Agent headers of the AWS SDKs and the AWS CLI.
var userAgentService = regexp.MustCompile(`\b(?:api/([a-z0-9-]+)#|command/([a-z0-9-]+)\.)`)

// lambdaPath matches the paths of Lambda's API. Each of them begins with the date of an API
// version.
var lambdaPath = regexp.MustCompile(`^/(2015-03-31|20\d\d-\d\d-\d\d/(functions|layers|` +
	`layers-by-arn|account-settings|code-signing-configs|tags))(/|$)`)

// apisPath is the start of the paths of API Gateway's operations for HTTP APIs.
const apisPath = "/v2/apis/"

package s3

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	signatureAlgorithm = "AWS4-HMAC-SHA256"
	signatureTime      = "20060102T150405Z"

	maxExpires = 7 * 24 * time.Hour // lifetime of a presigned URL, as in AWS
	maxSkew    = 15 * time.Minute   // difference between the clocks of signer and service, as in S3
)

// verifyPresigned verifies the signature and the expiry of a presigned URL. The service does not
// verify signatures in headers.
func (s *Service) verifyPresigned(c *call) error {
	v4, v2 := c.query.Has("X-Amz-Signature"), c.query.Has("Signature")
	switch {
	case !v4 && !v2:
		return nil
	case c.r.Header.Get("Authorization") != "":
		return invalidArgument("Authorization", c.r.Header.Get("Authorization"),
			"Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "+
				"Signature query string parameter or the Authorization header should be specified")
	case v4:
		return s.verifyVersion4(c)
	}
	return s.verifyVersion2(c)
}

func accessDenied(message string, details ...string) error {
	return newFailure(http.StatusForbidden, "AccessDenied", message, details...)
}

func malformedPresigned(message string) error {
	return newFailure(http.StatusBadRequest, "AuthorizationQueryParametersError", message)
}

// checkExpiry returns an error if a presigned URL is no longer valid.
func (s *Service) checkExpiry(expires time.Time) error {
	now := s.config.Now().UTC()
	if now.Before(expires) {
		return nil
	}
	return accessDenied("Request has expired", "Expires", expires.UTC().Format(time.RFC3339),
		"ServerTime", now.Format(time.RFC3339))
}

func (s *Service) verifyVersion4(c *call) error {
	for _, name := range []string{"Algorithm", "Credential", "Date", "Expires", "SignedHeaders"} {
		if len(c.query["X-Amz-"+name]) != 1 {
			return malformedPresigned("Query-string authentication version 4 requires the " +
				"X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, " +
				"X-Amz-SignedHeaders, and X-Amz-Expires parameters.")
		}
	}
	scope := strings.Split(c.query.Get("X-Amz-Credential"), "/")
	at, timeErr := time.Parse(signatureTime, c.query.Get("X-Amz-Date"))
	seconds, err := strconv.ParseInt(c.query.Get("X-Amz-Expires"), 10, 64)
	switch {
	case c.query.Get("X-Amz-Algorithm") != signatureAlgorithm:
		return malformedPresigned("X-Amz-Algorithm only supports \"" + signatureAlgorithm + "\"")
	case len(scope) != 5 || scope[3] != Info.Name || scope[4] != "aws4_request":
		return malformedPresigned("Error parsing the X-Amz-Credential parameter; " +
			"it must have the form \"<YOUR-AKID>/YYYYMMDD/REGION/s3/aws4_request\".")
	case timeErr != nil || scope[1] != at.Format("20060102"):
		return malformedPresigned("X-Amz-Date must be in the ISO8601 Long Format " +
			"\"yyyyMMdd'T'HHmmss'Z'\", with the date of X-Amz-Credential")
	case err != nil || seconds < 1 || seconds > int64(maxExpires/time.Second):
		return malformedPresigned("X-Amz-Expires must be a number from 1 to 604800 (a week), in " +
			"seconds")
	case at.After(s.config.Now().Add(maxSkew)):
		return accessDenied("Request is not valid yet")
	}
	if err := s.checkExpiry(at.Add(time.Duration(seconds) * time.Second)); err != nil {
		return err
	}
	request, err := c.canonicalRequest()
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(request))
	toSign := strings.Join([]string{signatureAlgorithm, c.query.Get("X-Amz-Date"),
		strings.Join(scope[1:], "/"), hex.EncodeToString(sum[:])}, "\n")
	key := []byte("AWS4" + s.config.SecretKey(scope[0]))
	for _, part := range append(scope[1:], toSign) {
		key = hmacSum(sha256.New, key, part)
	}
	return checkSignature(scope[0], hex.EncodeToString(key), c.query.Get("X-Amz-Signature"))
}

func hmacSum(newHash func() hash.Hash, key []byte, text string) []byte {
	h := hmac.New(newHash, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func checkSignature(accessKey, want, got string) error {
	if hmac.Equal([]byte(want), []byte(got)) {
		return nil
	}
	return newFailure(http.StatusForbidden, "SignatureDoesNotMatch",
		"The request signature we calculated does not match the signature you provided. On the "+
			"local platform, the secret key is the same string as the access key, unless the "+
			"flag --credentials sets another one.", "AWSAccessKeyId", accessKey)
}

// canonicalRequest returns the text that a signature of version 4 covers.
func (c *call) canonicalRequest() (string, error) {
	signed := strings.Split(c.query.Get("X-Amz-SignedHeaders"), ";")
	if !slices.Contains(signed, "host") {
		return "", malformedPresigned("X-Amz-SignedHeaders must contain host")
	}
	for name := range c.r.Header {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-amz-") && name != "x-amz-content-sha256" &&
			!slices.Contains(signed, name) {
			return "", accessDenied("There were headers present in the request which were not "+
				"signed", "HeadersNotSigned", name)
		}
	}
	var headers strings.Builder
	for _, name := range signed {
		headers.WriteString(name + ":" + c.signedHeader(name) + "\n")
	}
	payload := "UNSIGNED-PAYLOAD"
	if slices.Contains(signed, "x-amz-content-sha256") {
		payload = c.r.Header.Get("X-Amz-Content-Sha256")
	}
	return strings.Join([]string{c.r.Method, encodePath(c.r.URL.Path), c.canonicalQuery(),
		headers.String(), strings.Join(signed, ";"), payload}, "\n"), nil
}

func (c *call) signedHeader(name string) string {
	switch name {
	case "host":
		return c.r.Host
	case "content-length":
		return strconv.FormatInt(c.r.ContentLength, 10)
	}
	var values []string
	for _, value := range c.r.Header.Values(name) {
		values = append(values, strings.Join(strings.Fields(value), " "))
	}
	return strings.Join(values, ",")
}

func (c *call) canonicalQuery() string {
	var pairs []string
	for name, values := range c.query {
		for _, value := range values {
			if name != "X-Amz-Signature" {
				pairs = append(pairs, encodeQuery(name)+"="+encodeQuery(value))
			}
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// encodeQuery encodes all characters except the unreserved characters of RFC 3986.
func encodeQuery(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

func encodePath(path string) string {
	return strings.ReplaceAll(encodeQuery(path), "%2F", "/")
}

func (s *Service) verifyVersion2(c *call) error {
	expires, err := strconv.ParseInt(c.query.Get("Expires"), 10, 64)
	accessKey := c.query.Get("AWSAccessKeyId")
	if err != nil || accessKey == "" {
		return accessDenied("Query-string authentication requires the Signature, Expires and " +
			"AWSAccessKeyId parameters")
	}
	if err := s.checkExpiry(time.Unix(expires, 0)); err != nil {
		return err
	}
	path := c.r.URL.EscapedPath()
	if bucket := hostBucket(c.r); bucket != "" {
		path = "/" + bucket + path
	}
	err = s.checkVersion2(c, accessKey, path)
	if err != nil && c.key == "" && !strings.HasSuffix(path, "/") {
		// botocore signs the path of a bucket with a slash at the end, but sends it without this
		// slash.
		err = s.checkVersion2(c, accessKey, path+"/")
	}
	return err
}

func (s *Service) checkVersion2(c *call, accessKey, path string) error {
	toSign := strings.Join([]string{c.r.Method, c.headerOrQuery("Content-Md5"),
		c.headerOrQuery("Content-Type"), c.query.Get("Expires"),
		c.amzHeaders() + c.canonicalResource(path)}, "\n")
	want := hmacSum(sha1.New, []byte(s.config.SecretKey(accessKey)), toSign)
	return checkSignature(accessKey, base64.StdEncoding.EncodeToString(want),
		c.query.Get("Signature"))
}

// headerOrQuery returns the value of a header, or else of the query parameter with the same name.
// For signature version 2, botocore puts signed headers into the query.
func (c *call) headerOrQuery(name string) string {
	if value := c.r.Header.Get(name); value != "" {
		return value
	}
	return c.query.Get(strings.ToLower(name))
}

// amzHeaders returns the x-amz- headers that a signature of version 2 covers.
func (c *call) amzHeaders() string {
	headers := map[string]string{}
	for name, values := range c.query {
		headers[name] = strings.Join(values, ",")
	}
	for name, values := range c.r.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		if strings.HasPrefix(name, "x-amz-") {
			fmt.Fprintf(&text, "%s:%s\n", name, headers[name])
		}
	}
	return text.String()
}

// signedParameters lists the query parameters that a signature of version 2 covers.
var signedParameters = []string{
	"delete", "location", "partNumber", "response-cache-control",
	"response-content-disposition", "response-content-encoding", "response-content-language",
	"response-content-type", "response-expires", "tagging", "uploadId", "uploads", "versionId",
	"versioning", "versions",
}

// canonicalResource returns the path and the parameters that a signature of version 2 covers.
func (c *call) canonicalResource(path string) string {
	var pairs []string
	for _, name := range signedParameters {
		switch value := c.query.Get(name); {
		case value != "":
			pairs = append(pairs, name+"="+value)
		case c.query.Has(name):
			pairs = append(pairs, name)
		}
	}
	if len(pairs) == 0 {
		return path
	}
	return path + "?" + strings.Join(pairs, "&")
}

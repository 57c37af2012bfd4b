package s3

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// requestedObject returns the bucket and the key of a request, or "" for a missing one. The bucket
// is in the host, as in BUCKET.s3.localhost or BUCKET.localhost, or else in the path.
func requestedObject(r *http.Request) (bucket, key string) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	if bucket = hostBucket(r); bucket != "" {
		return bucket, path
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key
}

// hostBucket returns the bucket in the host of a request, or "" if there is none.
func hostBucket(r *http.Request) string {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	name, ok := strings.CutSuffix(strings.ToLower(host), ".localhost")
	if !ok {
		return ""
	}
	return hostSuffix.ReplaceAllString(name, "")
}

// hostSuffix matches the part of a host that names S3. This part can also contain a region.
var hostSuffix = regexp.MustCompile(`(^|\.)s3([.-]` + protocol.Region + `)?$`)

// copySource names the object that a request copies. VersionID is "" for the newest version.
type copySource struct{ Bucket, Key, VersionID string }

// parseCopySource parses the header x-amz-copy-source.
func parseCopySource(r *http.Request) (copySource, error) {
	text, version, _ := strings.Cut(r.Header.Get("X-Amz-Copy-Source"), "?versionId=")
	path, err := url.PathUnescape(text)
	if err != nil {
		return copySource{}, fmt.Errorf("parse x-amz-copy-source: %w", err)
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if bucket == "" || key == "" {
		return copySource{}, fmt.Errorf("x-amz-copy-source must be BUCKET/KEY, got %q", text)
	}
	return copySource{bucket, key, version}, nil
}

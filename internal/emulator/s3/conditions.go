package s3

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// The headers of conditional requests.
const (
	ifMatch           = "If-Match"
	ifNoneMatch       = "If-None-Match"
	ifModifiedSince   = "If-Modified-Since"
	ifUnmodifiedSince = "If-Unmodified-Since"
)

// failedCondition returns the name of the first conditional header that is false for a version, or
// "". The order is that of RFC 9110, section 13.2.2.
//
// prefix is "", or the prefix of the headers for a copy's source.
func failedCondition(header http.Header, prefix string, v *version) string {
	get := func(name string) string { return header.Get(prefix + name) }
	switch {
	case get(ifMatch) != "":
		if !matchesETag(get(ifMatch), v.etag(), false) {
			return ifMatch
		}
	case modifiedSince(v, get(ifUnmodifiedSince), false):
		return ifUnmodifiedSince
	}
	switch {
	case get(ifNoneMatch) != "":
		if matchesETag(get(ifNoneMatch), v.etag(), true) {
			return ifNoneMatch
		}
	case !modifiedSince(v, get(ifModifiedSince), true):
		return ifModifiedSince
	}
	return ""
}

// matchesETag reports whether a list of entity tags contains the tag. Weak tags match only if weak
// is set. Like S3, matchesETag accepts tags without quotes.
func matchesETag(list, etag string, weak bool) bool {
	if strings.TrimSpace(list) == "*" {
		return true
	}
	return slices.ContainsFunc(strings.Split(list, ","), func(entry string) bool {
		entry = strings.TrimSpace(entry)
		if strong, ok := strings.CutPrefix(entry, "W/"); ok {
			if !weak {
				return false
			}
			entry = strong
		}
		return strings.Trim(entry, `"`) == strings.Trim(etag, `"`)
	})
}

// modifiedSince reports whether a version is newer than an HTTP date. It returns fallback if there
// is no valid date.
func modifiedSince(v *version, date string, fallback bool) bool {
	at, err := http.ParseTime(date)
	if err != nil {
		return fallback
	}
	return v.Modified.Truncate(time.Second).After(at)
}

// checkRead returns an error if the conditions of GetObject or HeadObject do not hold.
func checkRead(header http.Header, v *version) error {
	switch failed := failedCondition(header, "", v); failed {
	case "":
		return nil
	case ifNoneMatch, ifModifiedSince:
		return &failure{status: http.StatusNotModified, code: "NotModified"}
	default:
		return preconditionFailed(failed)
	}
}

// checkWriteConditions rejects conditions that S3 does not support for writes.
func checkWriteConditions(header http.Header) error {
	match, noneMatch := header.Get(ifMatch), header.Get(ifNoneMatch)
	switch {
	case match != "" && noneMatch != "":
		return unsupportedHeader(ifMatch+","+ifNoneMatch,
			"Multiple conditional request headers present in the request")
	case match == "*":
		return unsupportedHeader(ifMatch,
			"We don't accept the provided value of If-Match header for this API")
	case noneMatch != "" && noneMatch != "*":
		return unsupportedHeader(ifNoneMatch,
			"We don't accept the provided value of If-None-Match header for this API")
	}
	return nil
}

// checkWrite returns an error if the conditions of a write do not hold. A nil version means that
// the object does not exist.
func checkWrite(header http.Header, key string, v *version) error {
	if v == nil {
		if header.Get(ifMatch) != "" {
			return noSuchKey(key)
		}
		return nil
	}
	// If-Modified-Since applies only to reads.
	if failed := failedCondition(header, "", v); failed != "" && failed != ifModifiedSince {
		return preconditionFailed(failed)
	}
	return nil
}

package s3

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// byteRange represents the requested part of an object.
type byteRange struct{ offset, size int64 }

func (b byteRange) contentRange(total int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", b.offset, b.offset+b.size-1, total)
}

// parseRange parses the header Range. It returns false if the header requests the whole object.
// Like S3, it ignores a malformed header and a header with several ranges.
func parseRange(header string, total int64) (byteRange, bool, error) {
	unit, text, _ := strings.Cut(strings.ReplaceAll(header, " ", ""), "=")
	first, last, isRange := strings.Cut(text, "-")
	if !strings.EqualFold(unit, "bytes") || !isRange || strings.Contains(text, ",") {
		return byteRange{}, false, nil
	}
	begin, hasBegin := parsePosition(first)
	end, hasEnd := parsePosition(last)
	offset, after := begin, min(end, total-1)+1
	switch {
	case first == "" && hasEnd: // the last bytes
		offset, after = max(total-end, 0), total
	case hasBegin && last == "":
		after = total
	case !hasBegin || !hasEnd || end < begin:
		return byteRange{}, false, nil
	}
	if offset >= after {
		return byteRange{}, false, newFailure(http.StatusRequestedRangeNotSatisfiable,
			"InvalidRange", "The requested range is not satisfiable",
			"RangeRequested", header, "ActualObjectSize", fmt.Sprint(total))
	}
	return byteRange{offset, after - offset}, true, nil
}

// parsePosition parses a decimal number without a sign. A number that is too large becomes the
// largest int64.
func parsePosition(text string) (int64, bool) {
	n, err := strconv.ParseUint(text, 10, 63)
	return int64(n), err == nil || errors.Is(err, strconv.ErrRange)
}

// ifRangeHolds reports whether the header If-Range permits a partial response.
func ifRangeHolds(header string, v *version) bool {
	if header == "" {
		return true
	}
	if at, err := http.ParseTime(header); err == nil {
		return at.Equal(v.Modified.UTC().Truncate(time.Second))
	}
	return !strings.Contains(header, ",") && header != "*" && matchesETag(header, v.etag(), false)
}

// partRange returns the range of a part of an object.
func partRange(text string, parts []int64, total int64) (byteRange, error) {
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 || number > maxParts {
		return byteRange{}, invalidArgument("partNumber", text,
			"Part number must be an integer between 1 and 10000, inclusive")
	}
	if len(parts) == 0 {
		parts = []int64{total}
	}
	if number > len(parts) {
		return byteRange{}, newFailure(http.StatusRequestedRangeNotSatisfiable,
			"InvalidPartNumber", "The requested partnumber is not satisfiable",
			"PartNumberRequested", text, "ActualPartCount", fmt.Sprint(len(parts)))
	}
	var part byteRange
	for _, size := range parts[:number] {
		part.offset += part.size
		part.size = size
	}
	return part, nil
}

package s3

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strings"
)

const (
	checksumPrefix     = "X-Amz-Checksum-"
	checksumTypeHeader = checksumPrefix + "Type"

	fullObject = "FULL_OBJECT" // checksum of all bytes of an object
	composite  = "COMPOSITE"   // checksum of the checksums of the parts
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	nvme       = crc64.MakeTable(0x9a6c9329ac4bc9b5)
)

// checksums maps the name of a checksum header to the header's algorithm.
var checksums = map[string]func() hash.Hash{
	checksumPrefix + "Crc32":     func() hash.Hash { return crc32.NewIEEE() },
	checksumPrefix + "Crc32c":    func() hash.Hash { return crc32.New(castagnoli) },
	checksumPrefix + "Crc64nvme": func() hash.Hash { return crc64.New(nvme) },
	checksumPrefix + "Sha1":      sha1.New,
	checksumPrefix + "Sha256":    sha256.New,
}

// checksumHeader returns the name of the header for an algorithm, such as CRC32. It returns "" for
// no algorithm, and an error for an unknown one.
func checksumHeader(algorithm string) (string, error) {
	if algorithm == "" {
		return "", nil
	}
	name := http.CanonicalHeaderKey(checksumPrefix + algorithm)
	if _, ok := checksums[name]; !ok {
		return "", invalidRequest("Checksum algorithm provided is unsupported. Please try again " +
			"with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
	}
	return name, nil
}

// requestChecksum returns the name of the request's checksum header, or "" if there is none. A
// request can also name this header in X-Amz-Trailer, and send it in the trailer.
func requestChecksum(header http.Header) (string, error) {
	var found []string
	trailer := http.CanonicalHeaderKey(strings.TrimSpace(header.Get("X-Amz-Trailer")))
	if _, ok := checksums[trailer]; !ok && trailer != "" {
		return "", invalidRequest(
			"The value specified in the x-amz-trailer header is not supported")
	}
	for name := range checksums {
		if header.Get(name) != "" || name == trailer {
			found = append(found, name)
		}
	}
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0], nil
	}
	return "", invalidRequest("Expecting a single x-amz-checksum- header. " +
		"Multiple checksum Types are not allowed.")
}

// checkChecksum compares a calculated checksum with the checksum that the request specifies.
func checkChecksum(name, want, calculated string) error {
	if want == calculated {
		return nil
	}
	if newHash, ok := checksums[name]; ok && !isSum(want, newHash().Size()) {
		return invalidRequest(
			fmt.Sprintf("Value for %s header is invalid.", strings.ToLower(name)))
	}
	return newFailure(http.StatusBadRequest, "BadDigest", fmt.Sprintf("The %s you specified did "+
		"not match the calculated checksum: got %s, calculated %s.",
		checksumAlgorithm(name), want, calculated))
}

// checksumAlgorithm returns the algorithm of a checksum header.
func checksumAlgorithm(name string) string {
	return strings.ToUpper(strings.TrimPrefix(name, checksumPrefix))
}

// isSum reports whether a text is a checksum of size bytes in base64. A multipart object's checksum
// ends with a hyphen and the number of parts, such as "-2".
func isSum(text string, size int) bool {
	text, _, _ = strings.Cut(text, "-")
	sum, err := base64.StdEncoding.DecodeString(text)
	return err == nil && len(sum) == size
}

func base64Sum(h hash.Hash) string { return base64.StdEncoding.EncodeToString(h.Sum(nil)) }

package s3

import (
	"net/http"
	"testing"
)

func TestNewObjectHeader_StoresTheEncodingOfTheObject(t *testing.T) {
	for _, test := range []struct {
		sent []string
		want string
	}{
		{nil, ""}, {[]string{"gzip"}, "gzip"},
		{[]string{"aws-chunked"}, ""}, {[]string{"aws-chunked,"}, ""},
		{[]string{"gzip,aws-chunked"}, "gzip"}, {[]string{"aws-chunked, gzip"}, "gzip"},
		{[]string{"gzip", "aws-chunked"}, "gzip"}, {[]string{"aws-chunked", "gzip"}, "gzip"},
	} {
		header, err := newObjectHeader(http.Header{"Content-Encoding": test.sent})
		encoding, stored := header.Fields["Content-Encoding"]
		if err != nil || encoding != test.want || stored != (test.want != "") {
			t.Errorf("%q: got %q, %v, want %q", test.sent, encoding, err, test.want)
		}
	}
}

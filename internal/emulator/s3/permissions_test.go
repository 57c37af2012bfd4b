package s3

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

func TestPermissions_DependOnTheRequest(t *testing.T) {
	newRequest := func(method, url, body string, header ...string) *http.Request {
		r := httptest.NewRequest(method, url, strings.NewReader(body))
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return r
	}
	for _, c := range []struct {
		request *http.Request
		want    []string
	}{
		{newRequest("GET", "/b?list-type=2&prefix=bronze%2F&delimiter=%2F", ""),
			[]string{"s3:ListBucket arn:aws:s3:::b map[s3:delimiter:/ s3:prefix:bronze/]"}},
		{newRequest("HEAD", "/b", ""), []string{"s3:ListBucket arn:aws:s3:::b map[]"}},
		{newRequest("GET", "/b?versions", ""),
			[]string{"s3:ListBucketVersions arn:aws:s3:::b map[]"}},
		{newRequest("GET", "/", ""), []string{"s3:ListAllMyBuckets * map[]"}},
		{newRequest("GET", "/b/bronze/a%20b.json", ""),
			[]string{"s3:GetObject arn:aws:s3:::b/bronze/a b.json map[]"}},
		{newRequest("HEAD", "/b/k", ""), []string{"s3:GetObject arn:aws:s3:::b/k map[]"}},
		{newRequest("GET", "/b/k?versionId=7", ""),
			[]string{"s3:GetObjectVersion arn:aws:s3:::b/k map[s3:versionid:7]"}},
		{newRequest("PUT", "/b/k", "", "If-None-Match", "*"),
			[]string{"s3:PutObject arn:aws:s3:::b/k map[s3:if-none-match:* " +
				"s3:objectcreationoperation:true]"}},
		{newRequest("PUT", "/b/k", "", "If-Match", "e"),
			[]string{"s3:PutObject arn:aws:s3:::b/k map[s3:if-match:e " +
				"s3:objectcreationoperation:true]", "s3:GetObject arn:aws:s3:::b/k map[]"}},
		{newRequest("PUT", "/b/k", "", "X-Amz-Copy-Source", "/from/a%20b"),
			[]string{"s3:PutObject arn:aws:s3:::b/k map[s3:objectcreationoperation:true]",
				"s3:GetObject arn:aws:s3:::from/a b map[]"}},
		{newRequest("PUT", "/b/k?uploadId=1&partNumber=1", ""),
			[]string{"s3:PutObject arn:aws:s3:::b/k map[s3:objectcreationoperation:false]"}},
		{newRequest("POST", "/b/k?uploadId=1", ""),
			[]string{"s3:PutObject arn:aws:s3:::b/k map[s3:objectcreationoperation:true]"}},
		{newRequest("DELETE", "/b/k", ""), []string{"s3:DeleteObject arn:aws:s3:::b/k map[]"}},
		{newRequest("DELETE", "/b/k?versionId=7", ""),
			[]string{"s3:DeleteObjectVersion arn:aws:s3:::b/k map[s3:versionid:7]"}},
		{newRequest("POST", "/b?delete",
			`<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a</Key>`+
				`</Object><Object><Key>b</Key><VersionId>1</VersionId></Object></Delete>`),
			[]string{"s3:DeleteObject arn:aws:s3:::b/a map[]",
				"s3:DeleteObjectVersion arn:aws:s3:::b/b map[]"}},
	} {
		list, err := permissions(protocol.Scope{}, operationOf(c.request), c.request)
		if err != nil {
			t.Errorf("%s %s: %v", c.request.Method, c.request.URL, err)
			continue
		}
		var got []string
		for _, p := range list {
			got = append(got, fmt.Sprint(p.Action, " ", p.Resource, " ", p.Context))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s %s:\n got %q\nwant %q", c.request.Method, c.request.URL, got, c.want)
		}
	}
}

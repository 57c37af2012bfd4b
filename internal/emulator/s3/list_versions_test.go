package s3

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"testing"
)

// A client can delete the versions of each page before it requests the next page.
func TestListObjectVersions_ContinuesAfterADeletedVersion(t *testing.T) {
	s := newService(t, "")
	defer s.Close()
	if err := s.CreateBucket("bucket", ""); err != nil {
		t.Fatal(err)
	}
	for _, status := range []string{
		versioningEnabled, versioningEnabled, versioningSuspended, versioningEnabled,
	} {
		do(t, s, http.MethodPut, "/bucket?versioning", "<VersioningConfiguration><Status>"+status+
			"</Status></VersioningConfiguration>")
		do(t, s, http.MethodPut, "/bucket/key", "body")
	}
	markers := url.Values{}
	for deleted := range 4 {
		var page struct {
			NextKeyMarker       string
			NextVersionIDMarker string `xml:"NextVersionIdMarker"`
			Version             []struct {
				VersionID string `xml:"VersionId"`
			}
		}
		path := "/bucket?versions&max-keys=1&" + markers.Encode()
		_, _, response := do(t, s, http.MethodGet, path, "")
		if err := xml.Unmarshal([]byte(response), &page); err != nil {
			t.Fatal(err)
		}
		if len(page.Version) != 1 {
			t.Fatalf("after %d of 4 deletes, the page is %s", deleted, response)
		}
		do(t, s, http.MethodDelete, "/bucket/key?versionId="+page.Version[0].VersionID, "")
		markers.Set("key-marker", page.NextKeyMarker)
		markers.Set("version-id-marker", page.NextVersionIDMarker)
	}
	if status, _, _ := do(t, s, http.MethodDelete, "/bucket", ""); status != http.StatusNoContent {
		t.Errorf("status %d, want an empty bucket", status)
	}
}

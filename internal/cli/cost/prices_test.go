package cost

import (
	"strings"
	"testing"
)

func TestReadPrices_RejectsIncompletePrices(t *testing.T) {
	complete := string(defaultPrices)
	if prices, err := ReadPrices(defaultPrices); err != nil || prices != DefaultPrices() {
		t.Fatalf("the default prices: %v, %v", prices, err)
	}
	for _, test := range []struct{ name, old, replacement, want string }{
		{"missing", `"s3Puts": 5.00,`, ``, "s3Puts"},
		{"null", `"s3Puts": 5.00`, `"s3Puts": null`, "s3Puts"},
		{"negative", `"s3Puts": 5.00`, `"s3Puts": -1`, "s3Puts"},
		{"unknown", `"s3Puts": 5.00`, `"s3Puts": 5.00, "s3Lists": 1`, "s3Lists"},
		{"wrong case", `"s3Puts": 5.00`, `"S3Puts": 5.00`, "S3Puts"},
		{"text", `"s3Puts": 5.00`, `"s3Puts": "5"`, "s3Puts"},
		{"no object", complete, `[]`, "prices.json"},
		{"empty", complete, ``, "prices.json"},
	} {
		content := strings.Replace(complete, test.old, test.replacement, 1)
		if _, err := ReadPrices([]byte(content)); err == nil ||
			!strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %s", test.name, err, test.want)
		}
	}
}

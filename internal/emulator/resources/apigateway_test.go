package resources

import "testing"

func TestNameAPIs_UsesTheLogicalIDIfNamesAreEqual(t *testing.T) {
	p := &Provider{APIs: []*API{
		{
			Stack:     "shop",
			Name:      "HttpApi",
			logicalID: "OrdersHttpApiB144261E",
		},
		{Stack: "shop", Name: "HttpApi", logicalID: "ReturnsHttpApiC9AB115C"},
		{Stack: "depot", Name: "HttpApi", logicalID: "StockHttpApi11111111"},
	}}
	p.NameAPIs()
	for i, want := range []string{"OrdersHttpApi", "ReturnsHttpApi", "HttpApi"} {
		if p.APIs[i].Name != want {
			t.Errorf("API %d is called %s, want %s", i, p.APIs[i].Name, want)
		}
	}
}

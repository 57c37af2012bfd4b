package resources

import (
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/apigateway"
)

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

func TestLocalURLs_ReplacesTheURLOfEachStage(t *testing.T) {
	stages := []apigateway.Stage{{Name: "v1"}, {Name: apigateway.DefaultStage}}
	p := NewProvider(Services{}, Config{Region: "us-east-1"})
	p.APIs = []*API{
		{
			Endpoint: "http://127.0.0.1:1", Settings: apigateway.API{ID: "a", Stages: stages},
			domainURLs: map[string]string{"https://example.com/": apigateway.DefaultStage},
		},
		{
			Endpoint: "http://127.0.0.1:2", Settings: apigateway.API{ID: "b", Stages: stages[:1]},
			domainURLs: map[string]string{"https://example.com/orders/": "v1"},
		},
	}
	for url, want := range map[string]string{
		"https://a.execute-api.us-east-1.amazonaws.com/v1": "http://127.0.0.1:1/v1",
		"https://example.com/events":                       "http://127.0.0.1:1/events",
		"https://example.com/orders/events":                "http://127.0.0.1:2/v1/events",
		"https://other.example/":                           "https://other.example/",
	} {
		if got := p.LocalURLs("at " + url); got != "at "+want {
			t.Errorf("%s: got %s, want %s", url, got, want)
		}
	}
	for i, want := range []string{"http://127.0.0.1:1", "http://127.0.0.1:2/v1"} {
		if got := p.APIs[i].URL(); got != want {
			t.Errorf("API %d is at %s, want %s", i, got, want)
		}
	}
}

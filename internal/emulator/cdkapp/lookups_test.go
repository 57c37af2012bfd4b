package cdkapp

import (
	"path/filepath"
	"reflect"
	"testing"
)

// lookUp returns a look-up as in manifest.json.
func lookUp(provider, key string, props map[string]any) map[string]any {
	return map[string]any{"provider": provider, "key": key, "props": props}
}

func TestSynthesize_AnswersLookupsThatNeedNoAccount(t *testing.T) {
	app := newApp(t, `{"app": "./app.exe"}`)
	app.SSM = map[string]string{"/shop/bus": "orders", "/shop/version:3": "blue"}
	elsewhere := map[string]any{"account": "111122223333", "region": "eu-west-1"}
	app.Context = map[string]any{"lookups": []any{
		lookUp("availability-zones", "availability-zones:account=111122223333:region=eu-west-1",
			elsewhere),
		lookUp("ssm", "another key", map[string]any{"parameterName": "/shop/bus"}),
	}}
	got, _ := synthesize(t, app)
	for key, want := range map[string]any{
		"availability-zones:account=000000000000:region=us-east-1": []any{
			"us-east-1a", "us-east-1b", "us-east-1c"},
		"availability-zones:account=111122223333:region=eu-west-1": []any{
			"eu-west-1a", "eu-west-1b", "eu-west-1c"},
		"another key": "orders",
		"ssm:account=000000000000:parameterName=/shop/bus:region=us-east-1":        "orders",
		"ssm:account=000000000000:parameterName=/shop/version$:3:region=us-east-1": "blue",
	} {
		if !reflect.DeepEqual(got[key], want) {
			t.Errorf("%s: got %v, want %v", key, got[key], want)
		}
	}
}

func TestSynthesize_PrefersAnswersInCdkContextJSON(t *testing.T) {
	const zones = "availability-zones:account=000000000000:region=us-east-1"
	app := newApp(t, `{"app": "./app.exe"}`)
	writeJSON(t, filepath.Join(app.Dir, "cdk.context.json"), map[string]any{
		zones: []string{"us-east-1f"},
	})
	if got, _ := synthesize(t, app); !reflect.DeepEqual(got[zones], []any{"us-east-1f"}) {
		t.Errorf("got %v", got[zones])
	}
}

func TestSynthesize_ReportsLookupsWithoutAnswer(t *testing.T) {
	const zone = "hosted-zone:account=000000000000:domainName=example.org:region=us-east-1"
	app := newApp(t, `{"app": "./app.exe"}`)
	app.Context = map[string]any{"lookups": []any{
		lookUp("hosted-zone", zone,
			map[string]any{"account": "000000000000", "region": "us-east-1"}),
		lookUp("hosted-zone", zone, nil), // a stage and its app report the same look-up
	}}
	value := map[string]any{}
	writeJSON(t, filepath.Join(app.Dir, "cdk.context.json"), map[string]any{
		"hosted-zone:account=444455556666:domainName=example.org:region=eu-west-1":  value,
		"hosted-zone:account=444455556666:domainName=example.com:region=eu-west-2":  value,
		"vpc-provider:account=444455556666:domainName=example.org:region=eu-west-3": 1,
		"stage": "dev",
	})
	a, err := app.Synthesize(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Lookups) != 1 {
		t.Fatalf("got look-ups %+v, want one", a.Lookups)
	}
	got := a.Lookups[0]
	if got.Key != zone || got.Account != "000000000000" || got.Region != "us-east-1" ||
		!reflect.DeepEqual(got.KnownIn, []Environment{{"444455556666", "eu-west-1"}}) {
		t.Errorf("got %+v", got)
	}
}

package cloudevents

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
)

// nodePath returns the NODE_PATH with the JavaScript SDK. .ci/run installs the SDK in
// cdk.out/clients. Without the SDK, the test is skipped. If the environment variable
// CLIENTS_REQUIRED contains "cloudevents", the test fails instead.
func nodePath(t *testing.T) string {
	t.Helper()
	installed, err := filepath.Abs("../../cdk.out/clients/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	path := "NODE_PATH=" + installed + ":" + os.Getenv("NODE_PATH")
	load := exec.Command("node", "-e", "require('cloudevents')")
	load.Env = append(os.Environ(), path)
	if err := load.Run(); err != nil {
		const missing = "node can't load cloudevents: set NODE_PATH to its node_modules folder"
		if slices.Contains(strings.Fields(os.Getenv("CLIENTS_REQUIRED")), "cloudevents") {
			t.Fatal(missing)
		}
		t.Skip("NOT TESTED: the JavaScript SDK; " + missing)
	}
	return path
}

func TestJavaScriptSDK_SendsEventsThatTheAPIStores(t *testing.T) {
	path := nodePath(t)
	want := event.New()
	want.SetID("A-1")
	want.SetSource("/shops/berlin")
	want.SetType("com.example.order_created")
	want.SetSubject("orders/A-1")
	want.SetTime(time.Date(2026, 11, 23, 7, 30, 0, 123000000, time.UTC))
	want.SetDataSchema("https://example.org/schema")
	want.SetExtension("partitionkey", "k")
	data := []byte(`{"total":19.99,"text":"h` + "\u00e9" + `llo"}`)
	if err := want.SetData("application/json", data); err != nil {
		t.Fatal(err)
	}
	// Each key is a mode of the HTTP binding. Each value is the datacontenttype that the SDK sets
	// in this mode.
	for mode, contentType := range map[string]string{
		"binary": "application/json; charset=utf-8", "structured": "", "batch": "",
	} {
		want.SetDataContentType(contentType)
		t.Run(mode, func(t *testing.T) {
			a := newAPI(t)
			node := exec.CommandContext(t.Context(), "node", "testdata/send.js", mode)
			node.Env = append(os.Environ(), path, "API_URL="+a.url)
			if out, err := node.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			wantSame(t, a.stored(t), want)
		})
	}
}

package emulator

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

func TestForeign_NamesTheSystemOfAnotherMachinesBootstrap(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := "arm64"
	if runtime.GOARCH == other {
		other = "amd64"
	}
	for arch, want := range map[string]string{runtime.GOARCH: "", other: runtime.GOOS + "/" + other} {
		bootstrap := filepath.Join(dir, arch)
		build := exec.Command("go", "build", "-o", bootstrap, source)
		build.Env = append(os.Environ(), "GOARCH="+arch)
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("go build: %v\n%s", err, out)
		}
		if got := foreign(bootstrap); got != want {
			t.Errorf("%s is built for %q, want %q", arch, got, want)
		}
	}
	if got := foreign(source); got != "" {
		t.Errorf("no program at all is built for %q", got)
	}
}

func TestNotDelivered_SaysWhichTargetsGetNoEvents(t *testing.T) {
	p := newProvisioner(Options{}, nil, nil, DefaultAccount, DefaultRegion)
	p.functions["notify"] = true
	for arn, want := range map[string]string{
		"arn:aws:sqs:us-east-1:000000000000:queue":              "",
		"arn:aws:lambda:us-east-1:000000000000:function:notify": "",
		"arn:aws:lambda:us-east-1:000000000000:function:page":   "function page, which is not run",
		"arn:aws:sns:us-east-1:000000000000:alarms":             "sns alarms",
	} {
		if got := p.notDelivered(arn); got != want {
			t.Errorf("%s: %q, want %q", arn, got, want)
		}
	}
}

func TestNameApart_TellsAPIsOfOneNameByTheirConstructs(t *testing.T) {
	apis := []*api{
		{stack: "shop", name: "HttpApi", logicalID: "OrdersHttpApiB144261E"}, {stack: "shop", name: "HttpApi", logicalID: "ReturnsHttpApiC9AB115C"},
		{stack: "depot", name: "HttpApi", logicalID: "StockHttpApi11111111"},
	}
	nameApart(apis)
	for i, want := range []string{"OrdersHttpApi", "ReturnsHttpApi", "HttpApi"} {
		if apis[i].name != want {
			t.Errorf("API %d is called %s, want %s", i, apis[i].name, want)
		}
	}
}

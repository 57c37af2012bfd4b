package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator"
)

func TestCheckListen_RejectsInvalidAddressesAndNames(t *testing.T) {
	for _, c := range []struct {
		listen, host, flag string
	}{
		{"127.0.0.1", "box.tunnel.example", ""},
		{"0.0.0.0", "box", ""},
		{"::1", "box", ""},
		{"", "box", "--listen"},
		{"localhost", "box", "--listen"},
		{"127.0.0.1:8080", "box", "--listen"},
		{"127.0.0.1", "", "--allow-host"},
		{"127.0.0.1", "https://box.example", "--allow-host"},
		{"127.0.0.1", "box.example:443", "--allow-host"},
		{"127.0.0.1", "*.example", "--allow-host"},
	} {
		f := localFlags{options: emulator.Options{Listen: c.listen, AllowHosts: []string{c.host}}}
		err := f.checkListen()
		if (err != nil) != (c.flag != "") || err != nil && !strings.HasPrefix(err.Error(), c.flag) {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}

func TestWarnOfNetwork_WarnsIfOtherMachinesReachThePlatform(t *testing.T) {
	for listen, warns := range map[string]bool{
		"127.0.0.1": false, "::1": false, "0.0.0.0": true, "192.168.1.5": true,
	} {
		var out bytes.Buffer
		f := localFlags{options: emulator.Options{Listen: listen}}
		if f.warnOfNetwork(&out); strings.Contains(out.String(), listen) != warns {
			t.Errorf("%s: printed %q", listen, out.String())
		}
	}
}

package main

import (
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/spf13/pflag"
)

// addListen adds the flags that select the ports, the address and the host names of the APIs.
func (f *localFlags) addListen(flags *pflag.FlagSet) {
	o := &f.options
	flags.IntVar(&o.APIPort, "api-port", 8080,
		"port of the HTTP API; 0 is any free port. If there are more APIs, they get the next ports")
	flags.IntVar(&o.AWSPort, "aws-port", 4566, "port of the AWS APIs; 0 is any free port")
	flags.StringVar(&o.Listen, "listen", "127.0.0.1", "IP address of all ports. If it is "+
		"not a loopback address, other machines can read and change all data")
	flags.StringArrayVar(&o.AllowHosts, "allow-host", nil, "host name that requests may use in "+
		"addition to localhost, such as the name of a tunnel to the HTTP API")
}

// checkListen validates the flags of addListen.
func (f *localFlags) checkListen() error {
	o := f.options
	if err := checkPort("--api-port", o.APIPort); err != nil {
		return err
	}
	if err := checkPort("--aws-port", o.AWSPort); err != nil {
		return err
	}
	if _, err := netip.ParseAddr(o.Listen); err != nil {
		return fmt.Errorf("--listen must be an IP address such as 0.0.0.0, got %q", o.Listen)
	}
	for _, name := range o.AllowHosts {
		if name == "" || strings.ContainsAny(name, "/:* ") {
			return fmt.Errorf("--allow-host must be a host name without scheme, port and "+
				"wildcard, got %q", name)
		}
	}
	return nil
}

func checkPort(flag string, port int) error {
	if port < 0 || port > 65535 {
		return fmt.Errorf("%s must be a port from 0 to 65535, got %d", flag, port)
	}
	return nil
}

// warnOfNetwork prints a warning if other machines can reach the platform.
func (f *localFlags) warnOfNetwork(w io.Writer) {
	address, err := netip.ParseAddr(f.options.Listen)
	if err == nil && !address.IsLoopback() {
		fmt.Fprintf(w, "Warning: each machine that can reach %s can read and change all data, "+
			"because the AWS APIs accept every caller.\n", f.options.Listen)
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/spf13/pflag"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/console"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator"
)

// consoleFlags holds the flags with which `eventpipeline local` and `eventpipeline console` serve
// the console.
type consoleFlags struct {
	port         int // -1: defaultConsolePort or, if that port is in use, any free port
	off, openURL bool
}

const defaultConsolePort = 8090

func (f *consoleFlags) add(flags *pflag.FlagSet) {
	f.addPort(flags)
	flags.BoolVar(&f.off, "no-console", false, "do not serve the console")
}

func (f *consoleFlags) addPort(flags *pflag.FlagSet) {
	flags.IntVar(&f.port, "console-port", -1, "port of the console in the browser, on loopback; "+
		"0 is any free port (default: 8090, or any free port)")
	flags.Lookup("console-port").DefValue = "0" // hides the default -1
	flags.BoolVar(&f.openURL, "open", false, "open the console in the browser")
}

// localConsole is the console of the local platform. A nil *localConsole serves nothing.
type localConsole struct {
	*console.Server
	platform *emulator.Platform // set by start
	listener net.Listener
	url      string
}

// newLocalConsole opens the console's port. It returns nil if the console is off.
func (f *localFlags) newLocalConsole() (*localConsole, error) {
	if f.console.off {
		return nil, nil
	}
	l, err := listenConsole(f.console.port)
	if err != nil {
		return nil, err
	}
	c := &localConsole{}
	server := console.New(console.Options{
		Local: true, Watch: f.options.Watch, Write: true,
		Resume: f.options.Data != "", Command: suggestCommand,
		Flags: func(p deployment.Pipeline) string {
			return (&stackFlags{aws: *p.Config.BaseEndpoint, pipeline: p.Name}).String()
		},
		Send: sendFromConsole, Curl: c.curl,
	})
	c.Server, c.listener, c.url = server, l, server.URL(l)
	return c, nil
}

// curl returns the start of the curl command that posts an event to the pipeline's API.
func (c *localConsole) curl(ctx context.Context, p deployment.Pipeline) string {
	address, err := p.APIURL(ctx)
	if err != nil {
		return ""
	}
	for _, api := range c.platform.APIs {
		if strings.TrimSuffix(api.URL, "/") == strings.TrimSuffix(address, "/") {
			return curlCommand(api, c.platform.Region)
		}
	}
	return ""
}

// listenConsole listens on the port. The port -1 selects the default port or, if that port is in
// use, any free port.
func listenConsole(port int) (net.Listener, error) {
	first := port
	if port < 0 {
		first = defaultConsolePort
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(first)))
	switch {
	case err != nil && port < 0:
		return net.Listen("tcp", "127.0.0.1:0")
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("port %d is in use (%w); choose another port with --console-port",
			port, err)
	}
	return l, err
}

// storedTimeout limits the time to load events that an earlier run of the platform has stored.
const storedTimeout = 10 * time.Second

// start serves the console. If serving fails, start calls fail. If start can't load all events of
// an earlier run, it serves the console and returns an error.
func (c *localConsole) start(
	ctx context.Context, p *emulator.Platform, pipelines []deployment.Pipeline, fail func(error),
) error {
	c.platform = p
	own := slices.Clone(pipelines)
	for i := range own {
		key := console.AccessKey
		own[i].Config.Credentials = credentials.NewStaticCredentialsProvider(key, key, "")
	}
	c.SetPipelines(own)
	loading, cancel := context.WithTimeout(ctx, storedTimeout)
	defer cancel()
	loadErr := c.LoadStored(loading)
	go func() {
		if err := c.Serve(c.listener); err != nil {
			fail(fmt.Errorf("serve the console: %w", err))
		}
	}()
	return loadErr
}

func (c *localConsole) close() error {
	if c == nil {
		return nil
	}
	err := c.Close()
	_ = c.listener.Close() // if start was called, c.Close has closed the listener
	return err
}

// openBrowser opens the address in the user's browser.
func openBrowser(ctx context.Context, address string) error {
	command := map[string][]string{
		"darwin": {"open"}, "windows": {"rundll32", "url.dll,FileProtocolHandler"},
	}[runtime.GOOS]
	if command == nil {
		command = []string{"xdg-open"}
	}
	cmd := exec.CommandContext(ctx, command[0], append(command[1:], address)...)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("open the browser: %w", err)
	}
	go func() { _ = cmd.Wait() }()
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/console"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
)

// consoleCommand holds the flags of `eventpipeline console`.
type consoleCommand struct {
	stack  stackFlags
	flags  consoleFlags
	write  bool
	asJSON bool
}

func newConsoleCommand() *cobra.Command {
	var c consoleCommand
	cmd := &cobra.Command{
		Use:   "console",
		Short: "Serve a page on which you watch and operate a deployed pipeline",
		Long: `Serves the console for a deployed pipeline on the loopback address, and prints
its URL. The URL contains a token: only a browser that opens it can use the
console. For the local platform, the command local serves the console itself.

The console calls AWS with your credentials, so it can do only what they allow.
It is read-only. With --write, it can also send, redrive, discard and replay
events.

The numbers come from CloudWatch and can be some minutes old. To list events,
the console reads Bronze hour by hour, the newest hour first. This is slow if
the pipeline has many events or types: then search by id or type.`,
		Example: `  eventpipeline console --stack event-driven-cloud-platform-dev
  eventpipeline console --stack shop --pipeline Orders --write --open`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd) },
	}
	c.stack.add(cmd)
	c.flags.addPort(cmd.Flags())
	cmd.Flags().BoolVar(&c.write, "write", false,
		"allow the console to send, redrive, discard and replay events")
	cmd.Flags().BoolVar(&c.asJSON, "json", false, "print the URL as an object with \"console\"")
	return cmd
}

func (c *consoleCommand) run(cmd *cobra.Command) error {
	if c.stack.stack == "" && c.stack.aws == "" {
		return usageErrorf("set --stack to the stack of a deployed pipeline; for the local " +
			"platform, open the URL that \"local\" has printed")
	}
	p, err := c.stack.find(cmd.Context())
	if err != nil {
		return err
	}
	l, err := listenConsole(c.flags.port)
	if err != nil {
		return err
	}
	server := console.New(console.Options{
		Write: c.write, Resume: true, Command: suggestCommand, Send: sendFromConsole,
		Flags: func(deployment.Pipeline) string { return c.stack.String() },
	})
	server.SetPipelines([]deployment.Pipeline{p})
	url := server.URL(l)
	if c.asJSON {
		err = printJSON(cmd.OutOrStdout(), struct {
			Console string `json:"console"`
		}{url})
	} else {
		announce(cmd, p)
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "Console: %s\nCtrl-C stops it.\n", url)
	}
	if err != nil {
		return errors.Join(err, l.Close())
	}
	if c.flags.openURL {
		if err := openBrowser(cmd.Context(), url); err != nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "%v\n", err)
		}
	}
	stop := context.AfterFunc(cmd.Context(), func() { _ = server.Close() })
	defer stop()
	return server.Serve(l)
}

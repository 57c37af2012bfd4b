package main

import (
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/events"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator"
)

// announce prints the URLs of the served APIs and the names of the resources.
func (f *localFlags) announce(
	out, errOut io.Writer, p *emulator.Platform, pipelines []deployment.Pipeline,
	webhooks []localWebhook,
) error {
	if f.asJSON {
		printNotRun(errOut, p.NotRun)
		f.printLookups(errOut, p.Lookups)
		line := newReadyLine(p, pipelines)
		line.Console, line.Webhooks = f.consoleURL, webhooks
		return printJSON(out, line)
	}
	if f.consoleURL != "" {
		fmt.Fprintf(out, "\nConsole    %s\n", f.consoleURL)
	}
	if err := announceText(out, p, pipelines, f.verbose); err != nil {
		return err
	}
	announceWebhooks(out, webhooks, p.AWS)
	printNotRun(out, p.NotRun)
	f.printLookups(out, p.Lookups)
	if f.verbose {
		_, err := fmt.Fprint(out,
			"\nEach step of each event follows. Ctrl-C stops the platform.\n\n")
		return err
	}
	fmt.Fprint(out, "\nA line for each event follows; --verbose prints each step. "+
		"Ctrl-C stops.\n\n")
	return events.PrintHeader(out)
}

// printNotRun prints the resources of the template that have no effect locally.
func printNotRun(w io.Writer, resources []string) {
	if len(resources) > 0 {
		fmt.Fprintf(tty.Wrap(w), "Resources of the template that have no effect locally: %s\n",
			strings.Join(resources, ", "))
	}
}

// readyLine defines the line that --json prints when the platform is ready.
type readyLine struct {
	Ready     bool              `json:"ready"`
	API       string            `json:"api,omitempty"` // the first API
	AWS       string            `json:"aws"`
	Console   string            `json:"console,omitempty"` // URL with the token
	Stack     string            `json:"stack"`             // the stack of the first API
	Outputs   map[string]string `json:"outputs"`           // the outputs of Stack
	APIs      []readyAPI        `json:"apis,omitempty"`    // all APIs, if there are several
	Pipelines []readyPipeline   `json:"pipelines,omitempty"`
	Webhooks  []localWebhook    `json:"webhooks,omitempty"` // without their secrets
	NotRun    []string          `json:"notRun,omitempty"`
	// Placeholders lists the keys in cdk.context.json that have only a placeholder value.
	Placeholders []string `json:"placeholders,omitempty"`
}

type readyPipeline struct {
	Stack     string            `json:"stack"`
	Name      string            `json:"name"`
	Resources map[string]string `json:"resources"` // by the names of outputs in stacks/stacks.go
}

type readyAPI struct {
	Stack string `json:"stack"`
	Name  string `json:"name"`
	URL   string `json:"url"`
}

func newReadyLine(p *emulator.Platform, pipelines []deployment.Pipeline) readyLine {
	stack := mainStack(p)
	line := readyLine{
		Ready: true, AWS: p.AWS, Stack: stack.Name, Outputs: stack.Outputs, NotRun: p.NotRun,
	}
	for _, l := range p.Lookups {
		line.Placeholders = append(line.Placeholders, l.Key)
	}
	for _, found := range pipelines {
		line.Pipelines = append(line.Pipelines,
			readyPipeline{found.Stack, found.Name, found.Outputs()})
	}
	if len(p.APIs) > 0 {
		line.API = p.APIs[0].URL
	}
	if len(p.APIs) > 1 {
		for _, a := range p.APIs {
			line.APIs = append(line.APIs, readyAPI{a.Stack, a.Name, a.URL})
		}
	}
	return line
}

// mainStack returns the stack of the first API. If this stack is nested, it returns the outermost
// parent stack. If there is no API, it returns the first stack.
func mainStack(p *emulator.Platform) emulator.Stack {
	main := p.Stacks[0]
	for _, s := range p.Stacks {
		if len(p.APIs) > 0 && s.Name == p.APIs[0].Stack {
			main = s
		}
	}
	for _, s := range slices.Backward(p.Stacks) { // parents come before their nested stacks
		if s.ID == main.ParentID {
			main = s
		}
	}
	return main
}

// announceText prints the URLs and the outputs. It prints the names of the pipelines' buses and
// functions only if verbose is true.
func announceText(
	w io.Writer, p *emulator.Platform, pipelines []deployment.Pipeline, verbose bool,
) error {
	var text strings.Builder
	text.WriteString("\n")
	for i, api := range p.APIs {
		fmt.Fprintf(&text, "HTTP API   %s", api.URL)
		if len(p.APIs) > 1 {
			fmt.Fprintf(&text, "   (%s of stack %s)", api.Name, api.Stack)
		}
		text.WriteString("\n")
		if i == 0 {
			announceRequests(&text, api, p.Region)
			flags := stackFlags{aws: p.AWS}
			fmt.Fprintf(&text, "  when the event is PROCESSED, see its record with:\n    %s\n",
				suggestCommand("record", flags.String(), "<eventId>"))
			continue
		}
		text.WriteString(foldCommand(curlCommand(api, p.Region) + " " + exampleEvent))
	}
	fmt.Fprintf(&text, "AWS APIs   %s\n  to use the AWS CLI and the SDKs with them:\n%s", p.AWS,
		foldCommand(fmt.Sprintf("export AWS_ENDPOINT_URL=%s AWS_REGION=%[2]s "+
			"AWS_DEFAULT_REGION=%[2]s AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local",
			p.AWS, p.Region)))
	for _, s := range p.Stacks {
		outputs := s.Outputs
		if s.ParentID != "" { // a nested stack's outputs are for its parent only
			outputs = nil
		}
		if !verbose {
			outputs = shortOutputs(outputs, pipelines)
		}
		announceValues(&text, "Outputs of stack "+s.Name, outputs)
		for _, found := range pipelines {
			if found.Stack == s.Name {
				heading := fmt.Sprintf("Pipeline %s of stack %s", found.Name, s.Name)
				announceValues(&text, heading, otherStores(found, s.Outputs))
			}
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// announceRequests prints requests that the user can paste.
func announceRequests(w io.Writer, api emulator.API, region string) {
	switch {
	case api.Signed:
		fmt.Fprintln(w, "  accepts only requests signed with AWS credentials, as on AWS")
	case api.Token:
		fmt.Fprintf(w, "  accepts only requests with a JSON Web Token, as on AWS. "+
			"To make one:\n    %s\n",
			suggestCommand("token --help"))
	}
	fmt.Fprintf(w,
		"  post an event:\n%s  then see its status, with the eventId of the response:\n%s",
		foldCommand(curlCommand(api, region)+" "+exampleEvent),
		foldCommand(fmt.Sprintf("curl -s%s %s/events/<eventId>",
			curlAuthorization(api, region), api.URL)))
}

// commandPart matches a part of a command and the spaces before it. A part is a word, or an option
// with its value.
var commandPart = regexp.MustCompile(` *(-[-\w]+ )?("[^"]*"|'[^']*'|[^ ]+)`)

// foldCommand returns the lines of a command that the user can paste. The lines fit in 80 columns,
// unless an option is too long.
func foldCommand(command string) string {
	const indent, maxColumn = "    ", tty.DefaultWidth - len(` \`)
	var text strings.Builder
	text.WriteString(indent)
	column := len(indent)
	for _, part := range commandPart.FindAllString(command, -1) {
		if column > len(indent) && column+len(part) > maxColumn {
			text.WriteString(" \\\n  " + indent)
			part = strings.TrimLeft(part, " ")
			column = len(indent) + 2
		}
		text.WriteString(part)
		column += len(part)
	}
	text.WriteString("\n")
	return text.String()
}

// exampleEvent is the option that makes curl post an event.
const exampleEvent = `-d '{"eventType":"demo","message":"hello"}'`

// curlCommand returns the start of a command that posts an event to the API. The caller appends the
// event.
func curlCommand(api emulator.API, region string) string {
	return fmt.Sprintf("curl -s%s %s/events -H 'content-type: application/json'",
		curlAuthorization(api, region), api.URL)
}

// curlAuthorization returns the options that make curl authorize a request to the API.
func curlAuthorization(api emulator.API, region string) string {
	switch {
	case api.Signed:
		return ` --aws-sigv4 "aws:amz:` + region + `:execute-api" --user local:local`
	case api.Token:
		return ` -H "authorization: Bearer $` + tokenVariable + `"`
	}
	return ""
}

func announceValues(w io.Writer, heading string, values map[string]string) {
	if len(values) == 0 {
		return
	}
	fmt.Fprintln(w, heading)
	table := tty.NewTable(w)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		table.Row("  "+name, values[name])
	}
	table.Flush()
}

// otherStores returns the pipeline's buckets, table and queues that the stack's outputs do not
// contain.
func otherStores(p deployment.Pipeline, outputs map[string]string) map[string]string {
	known := slices.Collect(maps.Values(outputs))
	stores := []string{p.Bronze, p.Silver, p.Table, p.QueueURL, p.DLQURL}
	others := p.Outputs()
	maps.DeleteFunc(others, func(_, value string) bool {
		return slices.Contains(known, value) || !slices.Contains(stores, value)
	})
	return others
}

// shortOutputs returns the outputs, except the names of the pipelines' buses and functions.
func shortOutputs(outputs map[string]string, pipelines []deployment.Pipeline) map[string]string {
	short := maps.Clone(outputs)
	for _, p := range pipelines {
		others := []string{p.Bus, p.APIFunction, p.WorkerFunction, p.ReconcilerFunction}
		maps.DeleteFunc(short, func(_, value string) bool {
			isStore := slices.Contains([]string{p.Bronze, p.Silver, p.Table}, value)
			return value != "" && !isStore && slices.Contains(others, value)
		})
	}
	return short
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator"
)

// readyLine is what --json prints once the platform serves.
type readyLine struct {
	Ready   bool              `json:"ready"`
	API     string            `json:"api,omitempty"` // of the first API
	AWS     string            `json:"aws"`
	Stack   string            `json:"stack"` // of the first API
	Outputs map[string]string `json:"outputs"`
	APIs    []readyAPI        `json:"apis,omitempty"` // all of them, if there are several
	// Pipelines are all of them, whatever the stacks' outputs are.
	Pipelines []readyPipeline `json:"pipelines,omitempty"`
	NotRun    []string        `json:"notRun,omitempty"`
}

type readyPipeline struct {
	Stack     string            `json:"stack"`
	Name      string            `json:"name"`
	Resources map[string]string `json:"resources"` // by the names that stacks/stacks.go gives its outputs
}

type readyAPI struct {
	Stack string `json:"stack"`
	Name  string `json:"name"`
	URL   string `json:"url"`
}

func announceJSON(w io.Writer, p *emulator.Platform, pipelines []found) error {
	line := readyLine{Ready: true, AWS: p.AWS, NotRun: p.NotRun}
	for _, f := range pipelines {
		line.Pipelines = append(line.Pipelines, readyPipeline{f.stack, f.name, f.outputs})
	}
	for _, a := range p.APIs {
		line.APIs = append(line.APIs, readyAPI{a.Stack, a.Name, a.URL})
	}
	if len(p.APIs) > 0 {
		line.API = p.APIs[0].URL
	}
	if len(p.APIs) < 2 {
		line.APIs = nil
	}
	stack := mainStack(p)
	line.Stack, line.Outputs = stack.Name, stack.Outputs
	return json.NewEncoder(w).Encode(line)
}

// mainStack is the app's stack that the first API is in, or the first one.
func mainStack(p *emulator.Platform) emulator.Stack {
	main := p.Stacks[0]
	for _, s := range p.Stacks {
		if len(p.APIs) > 0 && s.Name == p.APIs[0].Stack {
			main = s
		}
	}
	for _, s := range slices.Backward(p.Stacks) { // those that others are nested in come first
		if s.ID == main.ParentID {
			main = s
		}
	}
	return main
}

func announceText(w io.Writer, p *emulator.Platform, pipelines []found) error {
	var text strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&text, format+"\n", args...) }
	values := func(heading string, values map[string]string) {
		if len(values) == 0 {
			return
		}
		line("%s", heading)
		width := 0
		for name := range values {
			width = max(width, len(name))
		}
		for _, name := range slices.Sorted(maps.Keys(values)) {
			line("  %-*s  %s", width, name, values[name])
		}
	}
	line("")
	for i, a := range p.APIs {
		line("HTTP API   %s%s", a.URL, ofStack(p, a))
		if i == 0 {
			tryAPI(line, a, p.Region)
			line("  when it is PROCESSED, see its record with:")
			line("    %s record %s<eventId>", commandName, toFind(p, pipelines).text())
		}
	}
	line("AWS APIs   %s", p.AWS)
	line("  use the AWS CLI and the SDKs with it:")
	line("    export AWS_ENDPOINT_URL=%s AWS_REGION=%s AWS_DEFAULT_REGION=%s AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local", p.AWS, p.Region, p.Region)
	for _, s := range p.Stacks {
		shown := s.Outputs
		if s.ParentID != "" { // those of nested stacks are for the stack around them
			shown = nil
		}
		values("Outputs of stack "+s.Name, shown)
		for _, f := range pipelines {
			if f.stack == s.Name {
				values(fmt.Sprintf("Pipeline %s of stack %s", f.name, s.Name), f.beside(shown))
			}
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// beside are the resources that hold the pipeline's events and that the stack's outputs do not tell.
func (f found) beside(outputs map[string]string) map[string]string {
	told := slices.Collect(maps.Values(outputs))
	untold := make(map[string]string)
	for _, name := range []string{"BronzeBucketName", "SilverBucketName", "EventsTableName", "QueueUrl", "DeadLetterQueueUrl"} {
		if value := f.outputs[name]; value != "" && !slices.Contains(told, value) {
			untold[name] = value
		}
	}
	return untold
}

// toFind are the flags with which other commands find a pipeline of the platform.
func toFind(p *emulator.Platform, pipelines []found) *stackFlags {
	flags := stackFlags{aws: p.AWS}
	if len(pipelines) > 1 {
		flags.pipeline = "<pipeline>"
	}
	return &flags
}

// ofStack tells several APIs apart.
func ofStack(p *emulator.Platform, a emulator.API) string {
	if len(p.APIs) == 1 {
		return ""
	}
	return fmt.Sprintf("   (%s of stack %s)", a.Name, a.Stack)
}

// tryAPI shows requests to paste.
func tryAPI(line func(string, ...any), a emulator.API, region string) {
	authorized := ""
	switch {
	case a.Signed:
		line("  takes only requests that are signed with AWS credentials, as on AWS")
		authorized = fmt.Sprintf(` --aws-sigv4 "aws:amz:%s:execute-api" --user local:local`, region)
	case a.Token:
		line("  takes only requests with a JSON Web Token, as on AWS")
		authorized = ` -H "authorization: Bearer $` + tokenVariable + `"`
	}
	line("  post an event:")
	line("    curl -s%s %s/events -H 'content-type: application/json' -d '{\"eventType\":\"demo\",\"message\":\"hello\"}'", authorized, a.URL)
	line("  then see where it is, with the eventId of the answer:")
	line("    curl -s%s %s/events/<eventId>", authorized, a.URL)
}

// printNotRun says what of the template has no effect locally.
func printNotRun(w io.Writer, what []string) {
	if len(what) > 0 {
		fmt.Fprintf(w, "In the template, without effect here: %s\n", strings.Join(what, ", "))
	}
}

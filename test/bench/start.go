package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// bootstrap is a build of a function.
type bootstrap struct{ name, path string }

// bootstraps implements flag.Value.
type bootstraps []bootstrap

func (b *bootstraps) String() string { return fmt.Sprint(*b) }

func (b *bootstraps) Set(text string) error {
	name, path, ok := strings.Cut(text, "=")
	if !ok || name == "" || path == "" {
		return errors.New("must be NAME=BOOTSTRAP")
	}
	*b = append(*b, bootstrap{name, path})
	return nil
}

// measure starts the function, and prints the CPU time until the function requests its first
// invocation.
func (b bootstrap) measure(w io.Writer) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.HandlerFunc(
		func(_ http.ResponseWriter, r *http.Request) {
			cancel() // the function is ready
			<-r.Context().Done()
		})}
	go func() { _ = server.Serve(l) }()
	defer server.Close()
	cmd := exec.CommandContext(ctx, b.path)
	cmd.Env = environment(l.Addr().String())
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	start := time.Now()
	if err := cmd.Run(); !errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("%s did not start: %w: %s", b.path, err, output.String())
	}
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	info, err := os.Stat(b.path)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "BenchmarkStart/function=%s 1 %d ns/op %d cpu-us %.2f MB\n", b.name,
		time.Since(start).Nanoseconds(), used.Microseconds(), float64(info.Size())/1e6)
	return err
}

// environment returns the environment variables that every function gets.
func environment(runtimeAPI string) []string {
	env := []string{
		"AWS_LAMBDA_RUNTIME_API=" + runtimeAPI, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512",
		"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local",
		"GOMAXPROCS=1",
	}
	for name, value := range map[string]string{
		contract.BronzeBucket: "bronze", contract.SilverBucket: "silver",
		contract.EventsTable: "events", contract.QueueURL: "http://127.0.0.1:1/1/queue",
		contract.DeadLetterQueueURL: "http://127.0.0.1:1/1/dlq", contract.EventBusName: "bus",
		contract.MaxPayloadBytes: "1048576", contract.MaxReceiveCount: "3",
		contract.StatusRetentionDays: "30", contract.Notifications: "PER_EVENT",
		contract.NotificationFormat: "EVENTBRIDGE", contract.UnknownEventTypes: "ACCEPT",
		contract.OpenToAnyone: "false", contract.AcceptTextPlain: "false",
		contract.StatusForAllCallers: "false", contract.LogLevel: "info",
		contract.ReconcileGraceSeconds: "60", contract.ReconcileWindowSeconds: "3600",
		contract.MaxReenqueues: "3",
	} {
		env = append(env, name+"="+value)
	}
	return env
}

// Command bootstrap is a function that does what its payload says.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type order struct {
	Do   string
	Text string
	N    int
}

func main() {
	if os.Getenv("FAIL_INIT") != "" {
		fmt.Println("no configuration")
		os.Exit(3)
	}
	lambda.Start(handle)
}

func handle(ctx context.Context, o order) (any, error) {
	switch o.Do {
	case "echo":
		return o.Text, nil
	case "pid":
		return os.Getpid(), nil
	case "env":
		return os.Environ(), nil
	case "context":
		lc, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		return map[string]any{
			"requestId": lc.AwsRequestID, "arn": lc.InvokedFunctionArn, "left": time.Until(deadline).Milliseconds(),
			"trace": ctx.Value("x-amzn-trace-id"),
		}, nil
	case "hang":
		fmt.Println(os.Getpid())
		select {}
	case "fork":
		cmd := exec.Command("sleep", "1000")
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		fmt.Println(cmd.Process.Pid)
		select {}
	case "exit":
		os.Exit(o.N)
	case "panic":
		panic(o.Text)
	case "error":
		return nil, errors.New(o.Text)
	case "log":
		fmt.Println(o.Text)
		fmt.Print("no newline")
		fmt.Fprintln(os.Stderr, "stderr") // begins a line all the same
		os.Exit(0)
	case "big":
		return strings.Repeat("x", o.N), nil
	}
	raw, _ := json.Marshal(o)
	return nil, fmt.Errorf("what to do with %s?", raw)
}

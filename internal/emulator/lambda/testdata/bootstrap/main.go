// Command bootstrap is a Lambda function that executes the command in its payload.
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

type command struct {
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

func handle(ctx context.Context, c command) (any, error) {
	switch c.Do {
	case "echo":
		return c.Text, nil
	case "pid":
		return os.Getpid(), nil
	case "env":
		return os.Environ(), nil
	case "context":
		lc, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		return map[string]any{
			"requestId": lc.AwsRequestID, "arn": lc.InvokedFunctionArn,
			"left": time.Until(deadline).Milliseconds(), "trace": ctx.Value("x-amzn-trace-id"),
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
		os.Exit(c.N)
	case "panic":
		panic(c.Text)
	case "error":
		return nil, errors.New(c.Text)
	case "log":
		fmt.Println(c.Text)
		fmt.Print("no newline")
		fmt.Fprintln(os.Stderr, "stderr") // a separate line, because stderr has its own writer
		os.Exit(0)
	case "print":
		for i := range c.N {
			fmt.Println(c.Text, i)
		}
		fmt.Fprintln(os.Stderr, "stderr")
		fmt.Print("no newline")
		return c.Text, nil
	case "big":
		return strings.Repeat("x", c.N), nil
	}
	raw, _ := json.Marshal(c)
	return nil, fmt.Errorf("unknown command %s", raw)
}

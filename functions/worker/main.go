// Command worker runs the Lambda function that processes events without a processor.
package main

import "github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/function/worker"

func main() { worker.Start(nil) }

// Command worker runs the Lambda function that processes events. It has no processor: a record
// contains the unchanged payload.
package main

import "github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/function/worker"

func main() { worker.Start(nil) }

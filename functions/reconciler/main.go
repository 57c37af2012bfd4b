// Command reconciler runs the Lambda function that repairs events that a crash left unfinished.
package main

import "github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/function/reconciler"

func main() { reconciler.Start() }

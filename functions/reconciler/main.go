// Command reconciler runs the Lambda function that repairs what crashes left behind.
package main

import "github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/function/reconciler"

func main() { reconciler.Start() }

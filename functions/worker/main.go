// Command worker is the Lambda function that the queue's event source mapping invokes, unless the pipeline has a
// processor of its user's: it makes of each payload a record that holds it.
package main

import "github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/function/worker"

func main() { worker.Start(nil) }

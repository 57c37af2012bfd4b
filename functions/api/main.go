// Command api runs the Lambda function behind the HTTP API.
package main

import "github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/function/api"

func main() { api.Start() }

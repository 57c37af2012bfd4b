// Command orders is the pipeline's worker: it makes a record of each line of an order.
package main

import "github.com/event-driven-cloud-platform/eventpipeline/processor"

func main() { processor.Start(processor.JSON(process)) }

// Command orders runs the pipeline's worker. It makes one record for each line of an order.
package main

import "github.com/event-driven-cloud-platform/eventpipeline/processor"

func main() { processor.Start(processor.JSON(process)) }

// Package cost estimates what a pipeline costs on AWS, and which quota limits its throughput.
//
// An estimate needs the pipeline's template, a workload, and list prices. The type Calls counts the
// AWS requests of the functions. A test compares these counts with the requests that the functions
// make. The package calls no AWS service.
package cost

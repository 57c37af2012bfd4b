// Package cost estimates what a pipeline costs on AWS, and which quota limits its throughput.
//
// An estimate needs the pipeline's template, a workload, and list prices. Calls models the AWS
// requests of the functions; a test compares it with the requests that the functions make. The
// package calls no AWS service.
package cost

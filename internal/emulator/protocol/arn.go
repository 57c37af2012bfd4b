package protocol

// ARN returns the ARN of a resource in the partition aws. region and account are "" if the ARNs of
// the service do not contain them.
func ARN(service, region, account, resource string) string {
	return "arn:aws:" + service + ":" + region + ":" + account + ":" + resource
}

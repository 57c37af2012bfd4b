package contract

// CDK context keys.
const (
	// PlatformContext requests functions that run on the local machine. Its value has the form
	// "<GOOS>/<GOARCH>", such as "darwin/arm64". Nothing else in the template depends on it.
	PlatformContext = "eventpipeline:platform"

	// AuthorizeContext requests the authorization of the deployed stages. The flag --authorize of
	// `eventpipeline local` sets it to true. An app must read it to support that flag; see
	// stacks/stacks.go.
	AuthorizeContext = "eventpipeline:authorize"
)

package contract

// ModuleMetadata names the folder of the worker's Go module, as metadata of the construct. Only
// pipelines built for the local platform have it. The CDK writes it beside the template.
const ModuleMetadata = "eventpipeline:module"

// FunctionMetadata marks the pipeline's Lambda functions in a template, as metadata of the
// resource. Its value is a Function.
const FunctionMetadata = "eventpipeline:function"

// Function identifies one of a pipeline's functions.
type Function struct {
	Pipeline string `json:"pipeline"` // name, as the flag --pipeline takes it
	Role     Role   `json:"role"`
}

// Role tells a pipeline's functions apart.
type Role string

// The pipeline's functions.
const (
	RoleAPI        Role = "api"
	RoleWorker     Role = "worker"
	RoleReconciler Role = "reconciler"
)

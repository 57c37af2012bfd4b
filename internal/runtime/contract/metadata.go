package contract

// ModuleMetadata is the construct metadata that names the folder of the worker's Go module. It is
// present in pipelines built for the local platform. The CDK writes it beside the template.
const ModuleMetadata = "eventpipeline:module"

// FunctionMetadata is the resource metadata by which the pipeline's Lambda functions are found in
// a template. Its value is a Function.
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

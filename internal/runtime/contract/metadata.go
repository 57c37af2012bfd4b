package contract

// ModuleMetadata is the metadata key for the folder of the worker's Go module. Only the local
// platform has it. CDK writes it to the cloud assembly, not to the template.
const ModuleMetadata = "eventpipeline:module"

// FunctionMetadata is the metadata key that marks the Lambda functions of a pipeline in a template.
// Its value has the type Function.
const FunctionMetadata = "eventpipeline:function"

// Function identifies a Lambda function of a pipeline.
type Function struct {
	Pipeline string `json:"pipeline"` // name of the pipeline, as in the flag --pipeline
	Role     Role   `json:"role"`
}

// Metadata returns f as a map, because jsii does not convert structs.
func (f Function) Metadata() map[string]string {
	return map[string]string{"pipeline": f.Pipeline, "role": string(f.Role)}
}

// Role identifies a function within its pipeline.
type Role string

// Roles of the functions of a pipeline.
const (
	RoleAPI        Role = "api"
	RoleWorker     Role = "worker"
	RoleReconciler Role = "reconciler"
)

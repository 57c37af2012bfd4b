package contract

// ModuleMetadata is the metadata key under which the construct stores the folder of the worker's Go
// module. Only pipelines that are built for the local platform have this metadata. CDK writes the
// metadata to the cloud assembly, not to the template.
const ModuleMetadata = "eventpipeline:module"

// FunctionMetadata is the resource metadata key that marks the Lambda functions of a pipeline in a
// template. The metadata under this key has the type Function.
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

package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// namesMetadata is the metadata of the app's root that lists whose names begin with what. No template has it.
const namesMetadata = "eventpipeline:names"

// uniqueNames finds a prefix that another pipeline of the app has in the same account and region: the second to be
// deployed would fail. Names of stages in different ones may well be the same.
func (m *mistakes) uniqueNames(p *eventPipeline) {
	if p.props.PhysicalNamePrefix == nil {
		return
	}
	stack := awscdk.Stack_Of(p)
	names := *stack.Account() + "/" + *stack.Region() + "/" + *p.props.PhysicalNamePrefix
	root := p.Node().Root()
	for _, entry := range *root.Node().Metadata() {
		if other, ok := entry.Data.(map[string]any); ok && *entry.Type == namesMetadata {
			m.unless(other["names"] != names,
				"PhysicalNamePrefix %q is that of %v, too, in the same account and region; give each pipeline its own", *p.props.PhysicalNamePrefix, other["path"])
		}
	}
	root.Node().AddMetadata(jsii.String(namesMetadata), map[string]any{"names": names, "path": *p.Node().Path()}, &constructs.MetadataOptions{})
}

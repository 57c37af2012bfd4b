package resources

import (
	"fmt"
	"os"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
)

// nestedStackType is the type of nested stacks. All attributes of a nested stack are known: they
// are its outputs.
const nestedStackType = "AWS::CloudFormation::Stack"

type nestedStackProperties struct{ TemplateURL string }

func createNestedStack(c *creation, in nestedStackProperties) (values, error) {
	source, err := c.nestedSource(in.TemplateURL)
	if err != nil {
		return values{}, err
	}
	if source.Template == nil {
		return c.skip(" whose template is not an asset")
	}
	var rest struct{ Parameters map[string]string }
	if err := c.decode(&rest); err != nil {
		return values{}, err
	}
	nested, err := c.Engine.CreateNested(c.stack, c.resource.LogicalID, source, rest.Parameters)
	if err != nil {
		return values{}, err
	}
	attributes := map[string]string{}
	for name, value := range nested.Outputs {
		attributes["Outputs."+name] = value
	}
	return values{Ref: nested.ID, Attributes: attributes}, nil
}

// nestedSource returns the nested stack of a resource. Its template is nil if templateURL is not
// the URL of an asset.
func (c *creation) nestedSource(templateURL string) (cdkapp.Stack, error) {
	s := cdkapp.Stack{Name: c.name("", 128), Assets: c.stack.Assets}
	parts := strings.SplitN(templateURL, "/", 5) // https://HOST/BUCKET/KEY
	file, ok := s.Assets[parts[len(parts)-1]]
	if !ok {
		return s, nil
	}
	var err error
	if s.Template, err = os.ReadFile(file); err != nil {
		return s, fmt.Errorf("read the template: %w", err)
	}
	return s, nil
}

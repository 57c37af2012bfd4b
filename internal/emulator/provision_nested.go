package emulator

import (
	"fmt"
	"os"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
)

const nestedStack = "AWS::CloudFormation::Stack"

func init() { makers[nestedStack] = (*provisioner).nestedStack } // it uses the makers itself

// nestedStack makes a stack that the current one gives parameters to, and whose outputs that one may read.
func (p *provisioner) nestedStack(r cloudformation.Resource) (cloudformation.Made, error) {
	inner, err := p.inner(r)
	if err != nil {
		return cloudformation.Made{}, err
	}
	if inner.Template == nil {
		return p.skip(r, r.Type+" whose template is not an asset"), nil
	}
	var in struct{ Parameters map[string]any }
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	parameters := map[string]string{}
	for name, value := range in.Parameters {
		text, ok := value.(string)
		if !ok {
			return cloudformation.Made{}, failed(r, fmt.Errorf("its parameter %s is not a string", name))
		}
		parameters[name] = text
	}
	outer := p.making
	made, err := p.provision(inner, outer.resolver.Pseudo.StackID, parameters)
	p.making = outer
	if err != nil {
		return cloudformation.Made{}, failed(r, err)
	}
	p.nested[r.LogicalID] = made
	attributes := map[string]string{}
	for name, value := range made.stack.Outputs {
		attributes["Outputs."+name] = value
	}
	return cloudformation.Made{Ref: made.stack.ID, Attributes: attributes}, nil
}

// inner is the stack that a resource nests in the current one. It has no template if that is not an asset.
func (p *provisioner) inner(r cloudformation.Resource) (cdkapp.Stack, error) {
	var in struct{ TemplateURL string }
	if err := p.properties(r, &in); err != nil {
		return cdkapp.Stack{}, err
	}
	s := cdkapp.Stack{Name: physicalName(p.current.Name, r.LogicalID, 128), Assets: p.current.Assets}
	parts := strings.SplitN(in.TemplateURL, "/", 5) // https://HOST/BUCKET/KEY
	file, ok := s.Assets[parts[len(parts)-1]]
	if !ok {
		return s, nil
	}
	var err error
	if s.Template, err = os.ReadFile(file); err != nil {
		return cdkapp.Stack{}, failed(r, fmt.Errorf("read its template: %w", err))
	}
	return s, nil
}

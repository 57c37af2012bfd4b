package cloudformation

import (
	"encoding/xml"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// API returns a handler for the operations of the CloudFormation API that read the outputs and
// resources of stacks.
func API(stacks []StackDescription) protocol.QueryHandler {
	a := api{stacks}
	return protocol.QueryHandler{
		"DescribeStacks":        {Namespace: namespace, Result: a.describeStacks},
		"ListStackResources":    {Namespace: namespace, Result: a.listStackResources},
		"DescribeStackResource": {Namespace: namespace, Result: a.describeStackResource},
	}
}

const namespace = "http://cloudformation.amazonaws.com/doc/2010-05-15/"

type api struct{ stacks []StackDescription }

type describeStacksResult struct {
	XMLName xml.Name   `xml:"DescribeStacksResult"`
	Stacks  []stackXML `xml:"Stacks>member"`
}

type stackXML struct {
	StackName    string
	StackID      string `xml:"StackId"`
	ParentID     string `xml:"ParentId,omitempty"`
	StackStatus  string
	CreationTime string
	Outputs      []outputXML `xml:"Outputs>member"`
}

type outputXML struct{ OutputKey, OutputValue string }

// describeStacks describes the stack with the name or ARN in the form. If the form names no stack,
// it describes all stacks.
func (a api) describeStacks(form url.Values) (any, error) {
	stacks := a.stacks
	if nameOrID := form.Get("StackName"); nameOrID != "" {
		s, err := a.find(nameOrID)
		if err != nil {
			return nil, err
		}
		stacks = []StackDescription{s}
	}
	var result describeStacksResult
	for _, s := range stacks {
		described := stackXML{s.Name, s.ID, s.ParentID, createComplete, s.createdAt(), nil}
		for _, key := range slices.Sorted(maps.Keys(s.Outputs)) {
			described.Outputs = append(described.Outputs, outputXML{key, s.Outputs[key]})
		}
		result.Stacks = append(result.Stacks, described)
	}
	return result, nil
}

type listStackResourcesResult struct {
	XMLName   xml.Name      `xml:"ListStackResourcesResult"`
	Resources []resourceXML `xml:"StackResourceSummaries>member"`
}

type resourceXML struct {
	LogicalID  string `xml:"LogicalResourceId"`
	PhysicalID string `xml:"PhysicalResourceId"`
	Type       string `xml:"ResourceType"`
	Status     string `xml:"ResourceStatus"`
	Updated    string `xml:"LastUpdatedTimestamp"`
}

// listStackResources lists all resources of a stack. Unlike CloudFormation, it never splits the
// list into pages.
func (a api) listStackResources(form url.Values) (any, error) {
	s, err := a.find(form.Get("StackName"))
	if err != nil {
		return nil, err
	}
	var result listStackResourcesResult
	for _, r := range s.Resources {
		result.Resources = append(result.Resources, newResourceXML(s, r))
	}
	return result, nil
}

type describeStackResourceResult struct {
	XMLName  xml.Name          `xml:"DescribeStackResourceResult"`
	Resource resourceDetailXML `xml:"StackResourceDetail"`
}

type resourceDetailXML struct {
	StackName string
	StackID   string `xml:"StackId"`
	resourceXML
	Metadata string `xml:",omitempty"`
}

// describeStackResource describes a resource with its metadata.
func (a api) describeStackResource(form url.Values) (any, error) {
	s, err := a.find(form.Get("StackName"))
	if err != nil {
		return nil, err
	}
	logicalID := form.Get("LogicalResourceId")
	for _, r := range s.Resources {
		if r.LogicalID == logicalID {
			detail := resourceDetailXML{s.Name, s.ID, newResourceXML(s, r), r.Metadata}
			return describeStackResourceResult{Resource: detail}, nil
		}
	}
	return nil, protocol.Errorf("ValidationError",
		"Resource %s does not exist for stack %s", logicalID, s.Name)
}

func (a api) find(nameOrID string) (StackDescription, error) {
	for _, s := range a.stacks {
		if nameOrID == s.Name || nameOrID == s.ID {
			return s, nil
		}
	}
	return StackDescription{}, protocol.Errorf("ValidationError",
		"Stack with id %s does not exist", nameOrID)
}

const createComplete = "CREATE_COMPLETE"

func newResourceXML(s StackDescription, r StackResource) resourceXML {
	return resourceXML{r.LogicalID, r.PhysicalID, r.Type, createComplete, s.createdAt()}
}

func (s StackDescription) createdAt() string { return s.Created.UTC().Format(time.RFC3339) }

package cloudformation

import (
	"encoding/xml"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// API returns a handler for the CloudFormation operations that read stacks. It never splits a list
// into pages.
func API(stacks []StackDescription) protocol.QueryHandler {
	a := api{stacks}
	return protocol.QueryHandler{
		"DescribeStackResource":  {Namespace: namespace, Result: a.describeStackResource},
		"DescribeStackResources": {Namespace: namespace, Result: a.describeStackResources},
		"DescribeStacks":         {Namespace: namespace, Result: a.describeStacks},
		"GetTemplate":            {Namespace: namespace, Result: a.getTemplate},
		"ListStackResources":     {Namespace: namespace, Result: a.listStackResources},
		"ListStacks":             {Namespace: namespace, Result: a.listStacks},
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

// describeStacks describes the stack that the request selects by name or ARN. If the request
// selects no stack, it describes all stacks.
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

// listStackResources lists all resources of a stack.
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

type describeStackResourcesResult struct {
	XMLName   xml.Name           `xml:"DescribeStackResourcesResult"`
	Resources []stackResourceXML `xml:"StackResources>member"`
}

type stackResourceXML struct {
	StackName  string
	StackID    string `xml:"StackId"`
	LogicalID  string `xml:"LogicalResourceId"`
	PhysicalID string `xml:"PhysicalResourceId"`
	Type       string `xml:"ResourceType"`
	Timestamp  string
	Status     string `xml:"ResourceStatus"`
}

// describeStackResources describes the resources of one stack. The request contains either the
// stack's name or the PhysicalResourceId of one of its resources.
func (a api) describeStackResources(form url.Values) (any, error) {
	name, physicalID := form.Get("StackName"), form.Get("PhysicalResourceId")
	if (name == "") == (physicalID == "") {
		return nil, protocol.Errorf("ValidationError",
			"Exactly one of StackName and PhysicalResourceId must be specified")
	}
	var s StackDescription
	var err error
	if name != "" {
		s, err = a.find(name)
	} else {
		s, err = a.findByResource(physicalID)
	}
	if err != nil {
		return nil, err
	}
	var result describeStackResourcesResult
	for _, r := range s.Resources {
		if id := form.Get("LogicalResourceId"); id == "" || id == r.LogicalID {
			result.Resources = append(result.Resources, stackResourceXML{
				s.Name, s.ID, r.LogicalID, r.PhysicalID, r.Type, s.createdAt(), createComplete,
			})
		}
	}
	return result, nil
}

func (a api) findByResource(physicalID string) (StackDescription, error) {
	for _, s := range a.stacks {
		for _, r := range s.Resources {
			if r.PhysicalID == physicalID {
				return s, nil
			}
		}
	}
	return StackDescription{}, protocol.Errorf("ValidationError",
		"Stack for %s does not exist", physicalID)
}

type listStacksResult struct {
	XMLName xml.Name          `xml:"ListStacksResult"`
	Stacks  []stackSummaryXML `xml:"StackSummaries>member"`
}

type stackSummaryXML struct {
	StackID      string `xml:"StackId"`
	StackName    string
	CreationTime string
	StackStatus  string
	ParentID     string `xml:"ParentId,omitempty"`
}

// listStacks lists all stacks, with the status CREATE_COMPLETE. If the request has a filter without
// this status, the list is empty.
func (a api) listStacks(form url.Values) (any, error) {
	filtered, selected := false, false
	for key, values := range form {
		if strings.HasPrefix(key, "StackStatusFilter.") {
			filtered, selected = true, selected || slices.Contains(values, createComplete)
		}
	}
	var result listStacksResult
	if filtered && !selected {
		return result, nil
	}
	for _, s := range a.stacks {
		result.Stacks = append(result.Stacks, stackSummaryXML{
			s.ID, s.Name, s.createdAt(), createComplete, s.ParentID,
		})
	}
	return result, nil
}

type getTemplateResult struct {
	XMLName         xml.Name `xml:"GetTemplateResult"`
	TemplateBody    string
	StagesAvailable []string `xml:"StagesAvailable>member"`
}

// getTemplate returns a stack's template. The emulator ignores macros, so the original and the
// processed template are the same.
func (a api) getTemplate(form url.Values) (any, error) {
	s, err := a.find(form.Get("StackName"))
	return getTemplateResult{
		TemplateBody: string(s.Body), StagesAvailable: []string{"Original", "Processed"},
	}, err
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

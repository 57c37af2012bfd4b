package resources

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// describeChanges describes the changed resources. A new or removed pipeline has one description
// for all its resources.
func describeChanges(changes cloudformation.Changes) []string {
	before, after := pipelineNames(changes.Before), pipelineNames(changes.After)
	all := slices.Sorted(maps.Keys(before))
	all = append(all, slices.Sorted(maps.Keys(after))...)
	var pipelines, others []string
	for _, id := range slices.Sorted(maps.Keys(changes.Resources)) {
		name := ownerOf(id, all)
		switch {
		case name != "" && !before[name]:
			pipelines = append(pipelines, "pipeline "+name+" is new")
		case name != "" && !after[name]:
			pipelines = append(pipelines, "pipeline "+name+" is removed")
		default:
			others = append(others, fmt.Sprintf("%s (%s)", id, changes.Resources[id]))
		}
	}
	slices.Sort(pipelines)
	return append(slices.Compact(pipelines), others...)
}

// pipelineNames returns the names of the pipelines whose functions the template contains.
func pipelineNames(t *cloudformation.Template) map[string]bool {
	names := make(map[string]bool)
	for _, r := range t.Resources {
		function, _ := r.Metadata[contract.FunctionMetadata].(map[string]any)
		if name, _ := function["pipeline"].(string); name != "" {
			names[name] = true
		}
	}
	return names
}

// ownerOf returns the name of the pipeline that owns a resource, or "". The resource's logical id
// begins with this name. If several names match, ownerOf returns the longest one.
func ownerOf(logicalID string, names []string) (owner string) {
	for _, name := range names {
		if strings.HasPrefix(logicalID, name) && len(name) > len(owner) {
			owner = name
		}
	}
	return owner
}

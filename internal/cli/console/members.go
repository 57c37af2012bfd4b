package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// memberRows writes the rows of a batch's events. An event that was split off has its own state.
// The other events have the state of the batch.
func (v *view) memberRows(w http.ResponseWriter, r *http.Request) {
	var found rowsAnswer
	var err error
	if found.Rows, err = v.members(r.Context(), r.PathValue("id")); err != nil {
		found.Error = visible(err.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(found) // the browser may be gone
}

func (v *view) members(ctx context.Context, id string) ([]row, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	item, err := pipeline.LookUp(ctx, v.Items(), id)
	if err != nil {
		return nil, fmt.Errorf("look up the batch: %w", err)
	}
	parts := map[int]row{} // rows of parts, by the index of the part's first event
	last := map[int]int{}  // index of a part's last event, by the index of its first event
	for _, part := range item.Parts() {
		partItem, err := pipeline.LookUp(ctx, v.Items(), part.ID)
		if err != nil {
			return nil, fmt.Errorf("look up %s: %w", part.ID, err)
		}
		_, span, _, _ := pipeline.ParseID(part.ID)
		parts[span.First], last[span.First] = itemEvent(partItem, v.Slug).row, span.Last
	}
	whole := itemEvent(item, v.Slug).row
	batchID, span, isPart, _ := pipeline.ParseID(id)
	if !isPart {
		span = pipeline.Span{Last: item.Count - 1}
	}
	var rows []row
	for i := span.First; i <= min(span.Last, span.First+maxBatchRows-1); i++ {
		if part, ok := parts[i]; ok {
			rows, i = append(rows, part), last[i]
			continue
		}
		member := whole
		member.ID, member.Count, member.Batch = fmt.Sprintf("%s.%d", batchID, i), 0, ""
		rows = append(rows, member)
	}
	return rows, nil
}

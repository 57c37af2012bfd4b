package console

import (
	"context"
	"strconv"
	"time"
)

// badges holds the text next to the name of each tab; "" shows no badge.
type badges struct {
	DeadLetters string `json:"deadletters"`
	Rejected    string `json:"refused"`
	Reload      string `json:"reload"`
}

func (v *view) badges(ctx context.Context) badges {
	return badges{
		DeadLetters: formatBadge(v.deadLetterCount(ctx)),
		Rejected:    formatBadge(len(v.server.journal.rejections(v.Slug))),
		Reload:      v.server.journal.reloadBadge(),
	}
}

// formatBadge returns the number as a text of at most three characters, so that the tabs do not
// move.
func formatBadge(n int) string {
	switch {
	case n <= 0:
		return ""
	case n > 99:
		return "99+"
	}
	return strconv.Itoa(n)
}

// watchBadges sends the badges at the start and after each change, until ctx ends. It runs in the
// background: a slow response of SQS must not delay the stream of events.
func (v *view) watchBadges(ctx context.Context) <-chan badges {
	changed := make(chan badges)
	go func() {
		ticker := time.NewTicker(tickInterval)
		defer ticker.Stop()
		for sent, isFirst := (badges{}), true; ; isFirst = false {
			if current := v.badges(ctx); isFirst || current != sent {
				select {
				case changed <- current:
					sent = current
				case <-ctx.Done():
					return
				}
			}
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return changed
}

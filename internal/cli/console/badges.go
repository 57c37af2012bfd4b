package console

import (
	"context"
	"strconv"
	"time"
)

// badges holds the text next to the name of each tab; "" shows no badge.
type badges struct {
	DeadLetters string `json:"deadletters"`
	Refused     string `json:"refused"`
	Reload      string `json:"reload"`
}

func (v *view) badges(ctx context.Context) badges {
	return badges{
		DeadLetters: formatBadge(v.deadLetterCount(ctx)),
		Refused:     formatBadge(len(v.server.journal.refusals(v.Slug))),
		Reload:      v.server.journal.reloadBadge(),
	}
}

// formatBadge returns the number as a short text. A longer text would move the tabs next to it.
func formatBadge(n int) string {
	switch {
	case n <= 0:
		return ""
	case n > 99:
		return "99+"
	}
	return strconv.Itoa(n)
}

// watchBadges sends the badges, and sends them again after each change, until ctx ends. It runs in
// the background, because a slow answer of SQS must not delay the stream of events.
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

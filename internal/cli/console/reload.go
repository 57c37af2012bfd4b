package console

import (
	"net/http"
	"slices"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
)

// reloadData holds the content of the page about --watch.
type reloadData struct {
	Reloads []reloadView
	Command string
}

// reloadView describes a reload: its changes and its result.
type reloadView struct {
	Begin   time.Time
	Files   []string
	Result  string
	Tone    string
	Took    string
	Names   []string // replaced functions, or resources that need a restart
	Error   string
	Output  string // output of the build
	Running bool
}

func (v *view) reload(w http.ResponseWriter, r *http.Request) {
	data := reloadData{
		Reloads: v.server.journal.reloadViews(),
		Command: v.server.o.Command("local", "--watch"),
	}
	v.show(w, r, page{Title: "Reload", Nav: "reload", Live: "tick", Data: data})
}

// reloadViews returns the reloads, the newest first.
func (j *journal) reloadViews() []reloadView {
	j.mu.RLock()
	defer j.mu.RUnlock()
	var views []reloadView
	for _, step := range j.reloads {
		if step.Name == "changed" || len(views) == 0 {
			views = append(views, reloadView{Begin: step.Time, Running: true, Result: "Building …"})
		}
		views[len(views)-1].add(step)
	}
	slices.Reverse(views)
	return views
}

func (r *reloadView) add(step activity.Step) {
	finish := func(result, tone string) {
		r.Result, r.Tone, r.Running = result, tone, false
		r.Took = formatDuration(step.Time.Sub(r.Begin))
	}
	switch step.Name {
	case "changed":
		for _, file := range listOf(step, "files") {
			r.Files = append(r.Files, visible(file))
		}
	case "reloaded":
		r.Names = append(r.Names, visible(step.Source))
		finish("Reloaded", "good")
	case "not reloaded":
		r.Error, r.Output = visible(stringOf(step, "error")), terminalLines(step.Output)
		finish("Build failed: the old code keeps running", "bad")
	case "nothing to reload":
		finish("Nothing to reload", "")
	case "restart needed":
		for _, name := range append(listOf(step, "for"), listOf(step, "oldCode")...) {
			r.Names = append(r.Names, visible(name))
		}
		finish("Restart needed", "warn")
	default:
		r.Error = visible(step.Name + " " + stringOf(step, "error"))
	}
}

// reloadBadge returns the badge for the last reload, or "" if the user need not act.
func (j *journal) reloadBadge() string {
	views := j.reloadViews()
	if len(views) == 0 {
		return ""
	}
	return map[string]string{"bad": "failed", "warn": "restart"}[views[0].Tone]
}

package console

import (
	"net/http"
	"slices"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
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
		if step.Name == activity.Changed || len(views) == 0 {
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
	case activity.Changed:
		for _, file := range listOf(step, activity.DetailFiles) {
			r.Files = append(r.Files, escape(file))
		}
	case activity.Reloaded:
		r.Names = append(r.Names, escape(step.Source))
		finish("Reloaded", "good")
	case activity.NotReloaded:
		r.Error, r.Output = escape(stringOf(step, contract.FieldError)), terminalLines(step.Output)
		finish("Build failed: the old code keeps running", "bad")
	case activity.NothingToReload:
		finish("Nothing to reload", "")
	case activity.RestartNeeded:
		needed, held := listOf(step, activity.DetailFor), listOf(step, activity.DetailOldCode)
		for _, name := range append(needed, held...) {
			r.Names = append(r.Names, escape(name))
		}
		finish("Restart needed", "warn")
	default:
		r.Error = escape(step.Name + " " + stringOf(step, contract.FieldError))
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

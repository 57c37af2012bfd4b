package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
)

func TestFindLocalPipelines_SearchesAllStacksThatAreNotNested(t *testing.T) {
	var listed []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		listed = append(listed, r.PostFormValue("StackName"))
		io.WriteString(w, `<ListStackResourcesResponse><ListStackResourcesResult>`+
			`<StackResourceSummaries/></ListStackResourcesResult></ListStackResourcesResponse>`)
	}))
	defer server.Close()
	pipelines, err := findLocalPipelines(t.Context(), &emulator.Platform{
		AWS: server.URL,
		Stacks: []emulator.Stack{
			{Name: "shop", ID: "1"},
			{Name: "nested", ParentID: "1"},
			{Name: "depot"},
		},
	})
	if err != nil || len(pipelines) != 0 || !slices.Equal(listed, []string{"shop", "depot"}) {
		t.Errorf("listed %v, found %v, %v", listed, pipelines, err)
	}
}

// If there are several pipelines, a step's line contains the function's name, and an event's line
// contains the pipeline's name.
func TestPrintFunc_NamesThePipelineIfThereAreSeveral(t *testing.T) {
	step := activity.Step{
		Name: "processed", EventID: printedEvent, EventType: "demo", Source: "shop-worker",
	}
	two := []deployment.Pipeline{
		{Name: "Orders", WorkerFunction: "shop-worker"}, {Name: "Clicks", WorkerFunction: "clicks"},
	}
	for want, verbose := range map[string]bool{
		"  in=shop-worker\n": true, "\n         Orders\n": false,
	} {
		for n := 1; n <= 2; n++ {
			var out bytes.Buffer
			err := (&localFlags{verbose: verbose}).printFunc(&out, two[:n])(step)
			if err != nil || strings.HasSuffix(out.String(), want) != (n > 1) {
				t.Errorf("%d pipelines: printed %q, %v", n, out.String(), err)
			}
		}
	}
}

func TestProgress_PrintsRemindersAndDurations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := newProgress(&out)
		p.beginPhase(emulator.Synthesize)
		time.Sleep(13 * time.Second)
		synctest.Wait()
		if _, err := p.Write([]byte("Bundling asset\n")); err != nil {
			t.Error(err)
		}
		time.Sleep(4 * time.Second)
		p.reportReady()
		p.stop()
		time.Sleep(time.Hour)
		synctest.Wait()
		want := phaseTitles[emulator.Synthesize] +
			" …\n  … 5s so far\n  … 10s so far\nBundling asset\n  done in 17s\nServing after 17s\n"
		if out.String() != want {
			t.Errorf("printed %q, want %q", out.String(), want)
		}
	})
}

func TestLocal_RejectsInvalidKeysAndCredentials(t *testing.T) {
	for _, args := range [][]string{
		{"--jwks", "absent.json"}, {"--credentials", "anna"}, {"--credentials", ":secret"},
		{"--credentials", "anna:"}, {"--credentials", "local:mine"},
	} {
		cmd := newLocalCommand()
		cmd.SetArgs(args)
		cmd.SilenceUsage, cmd.SilenceErrors = true, true
		var usage usageError
		err := cmd.ExecuteContext(t.Context())
		if !errors.As(err, &usage) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v: got %v, want a usage error", args, err)
		}
	}
}

func TestLocal_SuggestsStageIfTheAppRejectsTheStage(t *testing.T) {
	t.Chdir(t.TempDir())
	for command, want := range map[string]bool{
		"echo no such stage: local; exit 1":           true,
		"echo Bundling asset Shop/Code/Stage; exit 1": false,
	} {
		code, _, errOut := runMain(
			t, "local", "--api-port", "0", "--aws-port", "0", "--app", command,
		)
		names := strings.Contains(errOut, "stage=local") && strings.Contains(errOut, "--stage")
		if code != exitFailure || names != want {
			t.Errorf("%s: exit code %d, printed %s", command, code, errOut)
		}
	}
}

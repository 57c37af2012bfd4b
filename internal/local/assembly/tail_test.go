package assembly

import (
	"bytes"
	"testing"
)

func TestTail_LeavesOutWhatMeansNothing(t *testing.T) {
	var shown bytes.Buffer
	output := &tail{out: &shown}
	for _, text := range []string{"Bundling\nRuntime process exited abnormally: waitid: ", "no child processes", "done\n", string(jsiiRace)} {
		if _, err := output.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	output.flush()
	if got, want := shown.String(), "Bundling\ndone\n"; got != want {
		t.Errorf("it shows %q, want %q", got, want)
	}
}

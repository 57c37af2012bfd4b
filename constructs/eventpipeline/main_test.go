package eventpipeline_test

import (
	"os"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

// In a user's module, `go mod tidy` also reads the imports of these tests. So the tests must import
// only modules that the construct needs.
func TestMain(m *testing.M) { os.Exit(synth.Main(m)) }

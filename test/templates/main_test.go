// Package templates tests the synthesized templates of the stages, and what the local platform
// reads from a cloud assembly.
package templates

import (
	"os"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

func TestMain(m *testing.M) { os.Exit(synth.Main(m)) }

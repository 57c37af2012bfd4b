package eventpipeline

import (
	"fmt"
	"os"
	"testing"

	"github.com/aws/jsii-runtime-go"
)

// TestMain has the Examples synthesize without compiling functions, and to where nothing is left.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "construct-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		for name, value := range map[string]string{
			"CDK_CONTEXT_JSON": `{"aws:cdk:bundling-stacks":[]}`, "CDK_OUTDIR": dir, "CDK_VALIDATION": "false",
			"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
		} {
			os.Setenv(name, value)
		}
		jsii.Close() // it has kept the environment since this program was initialized
		defer jsii.Close()
		return m.Run()
	}())
}
